import { Button, Stack } from "@mantine/core";
import { IconAlertTriangle, IconHistory, IconInfoCircle } from "@tabler/icons-react";
import { useState } from "react";
import type { Tone } from "../../lib/status";
import { ChangePasswordForm } from "../../ui/change-password-form";
import { Failure } from "../../ui/failure";
import { LinkButton, LinkIcon, TextLink } from "../../ui/links";
import { NativeSelect } from "../../ui/native-select";
import { Notice } from "../../ui/notice";
import { notifyDone, notifyFailed } from "../../ui/notify";
import { PageHeader } from "../../ui/page";
import { ParamFields } from "../../ui/param-fields";
import { SecretOnce } from "../../ui/secret-once";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import classes from "./gallery.module.css";
import { Part } from "./part";
import { document, failures, fromRight, longName, refused } from "./things";

/** What stands where something is missing, on its way or wrong. */
export function States() {
  return (
    <>
      <Part title="Head of a page">
        {[longName, fromRight].map((title) => (
          <PageHeader
            key={title}
            title={title}
            lead={<TextLink to="/">Home</TextLink>}
            facts="A line of facts"
            actions={<Button>New pipeline</Button>}
          />
        ))}
      </Part>
      <Part title="Nothing there yet" bare>
        <EmptyState icon={IconHistory} title="No runs yet" action={<Button>Run it</Button>}>
          Every run of a pipeline shows up here, the newest first.
        </EmptyState>
      </Part>
      <Part title="On its way" bare>
        <LoadingRows rows={2} />
      </Part>
      {Object.entries(failures).map(([name, error]) => (
        <Part key={name} title={`No answer: ${name}`} bare>
          <ErrorState error={error} onRetry={() => {}} />
        </Part>
      ))}
      <Part title="Notices">
        {(["good", "bad", "busy", "wait", "idle", "muted"] satisfies Tone[]).map((tone) => (
          <Notice key={tone} tone={tone} icon={IconInfoCircle} title={`Of the tone ${tone}`}>
            A few words that ask for attention.
          </Notice>
        ))}
        <Failure error={refused} />
      </Part>
      <Part title="In the corner">
        <div className={classes.line}>
          <Button variant="default" onClick={() => notifyDone("The run was started.")}>
            Tell that it is done
          </Button>
          <Button variant="default" onClick={() => notifyFailed("It was not saved", refused)}>
            Tell that it failed
          </Button>
        </div>
      </Part>
    </>
  );
}

/** Small fields and links, which are used outside the forms of nodes. */
export function Fields() {
  const [params, setParams] = useState<Record<string, string>>({
    day: "2026-03-01",
    mode: "",
    limit: "",
    dry: "true",
    text: `in/\${interval.start}.csv`,
  });
  return (
    <>
      <Part title="Links">
        <div className={classes.line}>
          <TextLink to="/">In running text</TextLink>
          <LinkButton to="/">As a button</LinkButton>
          <LinkButton to="/" variant="default" size="compact-sm">
            As a small button
          </LinkButton>
          <LinkIcon to="/" aria-label="As an icon">
            <IconAlertTriangle size={17} />
          </LinkIcon>
        </div>
      </Part>
      <Part title="A choice">
        <div className={classes.line}>
          {(["xs", "sm", "md"] as const).map((size) => (
            <NativeSelect key={size} size={size} label={size} data={["Any status", "Failed"]} />
          ))}
          <NativeSelect label="disabled" data={["Any status"]} disabled />
          <NativeSelect label="wrong" data={["Any status"]} error="Choose one." />
        </div>
      </Part>
      <Part title="Parameters of a run">
        <Stack gap="sm" maw={420}>
          <ParamFields params={params} declared={document.parameters ?? {}} onChange={setParams} />
        </Stack>
      </Part>
      <Part title="Shown once">
        <SecretOnce label="Token" text="brk_0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEF" />
      </Part>
      <Part title="A new password">
        <div className={classes.narrow}>
          <ChangePasswordForm username="ada" onDone={() => {}} />
        </div>
      </Part>
    </>
  );
}
