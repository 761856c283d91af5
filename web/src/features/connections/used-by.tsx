import { List, Text } from "@mantine/core";
import "@mantine/core/styles/List.css";
import { useQuery } from "@tanstack/react-query";
import { connectionUsesQuery } from "../../lib/connections";
import { TextLink } from "../../ui/links";
import { ErrorState, LoadingRows } from "../../ui/states";

/** The nodes and triggers that name a connection, by their pipelines. */
export function UsedBy({ name }: { name: string }) {
  const uses = useQuery(connectionUsesQuery(name));
  if (uses.isPending) return <LoadingRows rows={2} />;
  if (uses.isError) return <ErrorState error={uses.error} onRetry={() => void uses.refetch()} />;
  if (uses.data.length === 0) return <Text mt="sm">No pipeline uses it.</Text>;
  return (
    <List mt="sm" size="sm">
      {uses.data.map(({ pipeline_id, pipeline_name, node_id, node_name, trigger }) => (
        <List.Item key={`${pipeline_id} ${node_id} ${trigger ?? ""}`}>
          <TextLink
            to="/pipelines/$pipelineId"
            params={{ pipelineId: pipeline_id }}
            search={trigger ? { tab: "triggers" } : { node: node_id }}
            inherit
            td="underline"
          >
            <bdi>{pipeline_name}</bdi>
          </TextLink>
          : {trigger && "trigger "}
          <bdi>{trigger || node_name || node_id}</bdi>
        </List.Item>
      ))}
    </List>
  );
}
