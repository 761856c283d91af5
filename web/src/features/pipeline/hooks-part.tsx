import { Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { post } from "../../lib/api";
import {
  ask,
  type Delivery,
  type Hook,
  hooksQuery,
  pipelineHooksPath,
  useHookCommand,
} from "../../lib/hooks";
import type { Pipeline } from "../../lib/model";
import { useMay } from "../../lib/session";
import { DeliveryTable } from "../../ui/delivery-table";
import { notifyFailed } from "../../ui/notify";
import { SecretOnce } from "../../ui/secret-once";
import classes from "./settings-tab.module.css";

/** What the hooks of a pipeline have told, and what makes one worth trusting. */
export function HooksPart({ pipeline }: { pipeline: Pipeline }) {
  const path = pipelineHooksPath(pipeline.id);
  const edit = useMay()("pipelines.edit");
  const hooks = useQuery({ ...hooksQuery(path), enabled: edit });
  const at = ({ hook_name, id }: Delivery) => `${path}/${hook_name}/deliveries/${id}/resend`;
  return (
    <section className={classes.hooks} aria-label="What was told">
      <Text component="h3" fw={650} fz="sm">
        What was told
      </Text>
      {edit && hooks.data?.map((hook) => <HookLine key={hook.id} path={path} hook={hook} />)}
      <DeliveryTable path={path.replace(/hooks$/, "deliveries")} resend={edit ? at : undefined} />
    </section>
  );
}

function HookLine({ path, hook }: { path: string; hook: Hook }) {
  const test = useHookCommand(ask);
  const renew = useHookCommand(() => post<{ secret: string }>(`${path}/${hook.name}/secret`, {}));
  const failed = (error: Error) => notifyFailed("That did not work", error);
  return (
    <div>
      <Group gap="xs">
        <Text flex={1}>
          {hook.name} {hook.signed && "(signed)"}
        </Text>
        {hook.type === "webhook" && (
          <Button
            size="compact-xs"
            variant="default"
            aria-label={`Make a secret for ${hook.name}`}
            onClick={() => renew.mutate(undefined, { onError: failed })}
          >
            Make a secret
          </Button>
        )}
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`Send a sample of ${hook.name}`}
          onClick={() => test.mutate(`${path}/${hook.name}/test`, { onError: failed })}
        >
          Send a sample
        </Button>
      </Group>
      {renew.data && <SecretOnce label="Secret, shown only now" text={renew.data.secret} />}
    </div>
  );
}
