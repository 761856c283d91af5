import { Modal, Text, UnstyledButton } from "@mantine/core";
import { IconDatabase } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useCreateFromTemplate } from "../../lib/commands";
import type { Template } from "../../lib/model";
import { templatesQuery } from "../../lib/queries";
import { Failure } from "../../ui/failure";
import { KindIcon } from "../../ui/kind-icon";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import classes from "./pipelines.module.css";

type Props = { opened: boolean; onClose: () => void };

/** Makes a pipeline from one of the shipped examples and opens it. */
export function TemplateDialog({ opened, onClose }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size={760}
      title={<Text fw={650}>New pipeline from an example</Text>}
    >
      <Templates />
    </Modal>
  );
}

function Templates() {
  const templates = useQuery(templatesQuery);
  const create = useCreateFromTemplate();
  const navigate = useNavigate();
  const use = (template: Template) =>
    create.mutate(template, {
      onSuccess: (made) =>
        void navigate({ to: "/pipelines/$pipelineId", params: { pipelineId: made.id } }),
    });
  if (templates.isPending) return <LoadingRows rows={4} height={64} />;
  if (templates.isError) {
    return <ErrorState error={templates.error} onRetry={() => void templates.refetch()} />;
  }
  if (templates.data.length === 0) {
    return (
      <EmptyState icon={IconDatabase} title="This server ships no examples">
        Import a pipeline instead.
      </EmptyState>
    );
  }
  return (
    <>
      {create.error && <Failure error={create.error} />}
      <div className={classes.templates}>
        {templates.data.map((template) => (
          <TemplateCard
            key={template.id}
            template={template}
            disabled={create.isPending}
            onUse={() => use(template)}
          />
        ))}
      </div>
    </>
  );
}

type CardProps = { template: Template; disabled: boolean; onUse: () => void };

function TemplateCard({ template, disabled, onUse }: CardProps) {
  const steps = template.nodes.length;
  return (
    <UnstyledButton className={classes.template ?? ""} disabled={disabled} onClick={onUse}>
      <span className={classes.templateSign}>
        <KindIcon icon={template.icon} size={20} />
      </span>
      <span className={classes.templateWords}>
        <span className={classes.templateName}>{template.name}</span>
        <span className={classes.templateText}>{template.description}</span>
        <span className={classes.templateFacts}>
          {steps} {steps === 1 ? "node" : "nodes"}
          {template.source && ` · ${template.source}`}
        </span>
      </span>
    </UnstyledButton>
  );
}
