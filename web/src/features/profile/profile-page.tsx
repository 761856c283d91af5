import { IconUserCircle } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Me } from "../../lib/accounts";
import { keys, meQuery } from "../../lib/queries";
import { roleInWords } from "../../lib/roles";
import { ChangePasswordForm } from "../../ui/change-password-form";
import { LinkButton } from "../../ui/links";
import { notifyDone } from "../../ui/notify";
import { Page, PageHeader, Panel } from "../../ui/page";
import { EmptyState, ErrorState, LoadingRows } from "../../ui/states";
import classes from "./profile.module.css";
import { SessionList } from "./session-list";

/** The person's own account: who they are, their password, and where they are signed in. */
export function ProfilePage() {
  const me = useQuery(meQuery);
  return (
    <Page title="Profile">
      <PageHeader title="Profile" />
      {me.isPending && <LoadingRows rows={4} />}
      {me.isError && <ErrorState error={me.error} onRetry={() => void me.refetch()} />}
      {me.data && (me.data.open ? <NoAccount /> : <Account me={me.data} />)}
    </Page>
  );
}

function Account({ me }: { me: Me }) {
  const client = useQueryClient();
  const changed = () => {
    void client.invalidateQueries({ queryKey: keys.session });
    notifyDone("The password was changed. Every other session of yours has ended.");
  };
  return (
    <div className={classes.columns}>
      <div className={classes.side}>
        <Panel title="Account">
          <dl className={classes.facts}>
            <dt>Name</dt>
            <dd>
              <bdi>{me.username}</bdi>
            </dd>
            <dt>Role</dt>
            <dd>
              {me.role}
              <span className={classes.soft}>{roleInWords(me.role)}</span>
            </dd>
          </dl>
        </Panel>
        <Panel title="Change password">
          <div className={classes.form}>
            <p className={classes.hint}>Every other session of yours ends with the change.</p>
            <ChangePasswordForm username={me.username} onDone={changed} />
          </div>
        </Panel>
      </div>
      <SessionList />
    </div>
  );
}

function NoAccount() {
  return (
    <Panel>
      <EmptyState
        icon={IconUserCircle}
        title="You have no account yet"
        action={<LinkButton to="/setup">Create the first account</LinkButton>}
      >
        Nobody has: until there is an account, anyone on this machine can use this server.
      </EmptyState>
    </Panel>
  );
}
