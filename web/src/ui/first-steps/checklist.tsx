import { Button, CloseButton } from "@mantine/core";
import { IconCircle, IconCircleCheckFilled } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { type FirstSteps, setFirstSteps } from "../../lib/first-steps";
import type { PipelineHealth } from "../../lib/model";
import {
  pipelineHealthQuery,
  runsQuery,
  servicesQuery,
  templatesQuery,
  usersQuery,
} from "../../lib/queries";
import { useMay } from "../../lib/session";
import { LinkButton } from "../links";
import { Panel } from "../page";
import classes from "./checklist.module.css";

type Props = { user: string; first: FirstSteps };

type Item = { title: string; words: string; done: boolean; way: React.ReactNode };

/** The first things to do on a new server, ticked as they are done. */
export function Checklist({ user, first }: Props) {
  const items = useItems(user, first);
  const finished = items?.every(({ done }) => done) ?? false;
  useEffect(() => {
    if (finished) setFirstSteps(user, { ...first, done: true });
  }, [finished, user, first]);
  if (!items || finished) return null;
  const count = items.filter(({ done }) => done).length;
  return (
    <Panel
      title="First steps"
      aside={
        <span className={classes.aside}>
          {count} of {items.length} done
          <CloseButton
            size="sm"
            aria-label="Hide the first steps"
            onClick={() => setFirstSteps(user, { ...first, done: true })}
          />
        </span>
      }
    >
      <ol className={classes.list}>
        {items.map(({ title, words, done, way }) => (
          <li key={title} className={classes.item} data-tone={done ? "good" : "idle"}>
            <span className={classes.sign}>
              {done ? (
                <IconCircleCheckFilled size={20} role="img" aria-label="Done" />
              ) : (
                <IconCircle size={20} role="img" aria-label="To do" />
              )}
            </span>
            <span className={classes.title}>{title}</span>
            {!done && <span className={classes.words}>{words}</span>}
            {!done && <span className={classes.way}>{way}</span>}
          </li>
        ))}
      </ol>
    </Panel>
  );
}

/** Each thing and whether it is done, by what is there; undefined until all is known. */
function useItems(user: string, first: FirstSteps): Item[] | undefined {
  const pipelines = useQuery(pipelineHealthQuery);
  const templates = useQuery(templatesQuery);
  const runs = useQuery(runsQuery({ limit: 10 }));
  const others = useOthers();
  if (!others || !pipelines.data || !templates.data || !runs.data) return undefined;
  const examples = new Set(templates.data.map(({ name }) => name));
  return [
    {
      title: "Run the example",
      words: "Four steps show how a pipeline is read, run and changed.",
      done: (runs.data.items?.length ?? 0) > 0,
      way: (
        <Button
          {...small}
          disabled={first.tour !== undefined}
          onClick={() => setFirstSteps(user, { ...first, tour: { step: 1 } })}
        >
          Take the tour
        </Button>
      ),
    },
    {
      title: "Draw a pipeline",
      words: "Begin with an empty canvas and your own data.",
      done: pipelines.data.some(({ name }) => !examples.has(name)),
      way: (
        <LinkButton to="/pipelines/new" {...small}>
          Open the editor
        </LinkButton>
      ),
    },
    {
      title: "Schedule it",
      words: "A pipeline runs by itself at the times its settings say.",
      done: pipelines.data.some(({ schedule, next_run_at }) => schedule || next_run_at),
      way: <ToTimes pipeline={pipelines.data[0]} />,
    },
    ...others,
  ];
}

const small = { size: "compact-sm", variant: "default" } as const;

function ToTimes({ pipeline }: { pipeline: PipelineHealth | undefined }) {
  if (!pipeline) return null;
  return (
    <LinkButton
      to="/pipelines/$pipelineId"
      params={{ pipelineId: pipeline.id }}
      search={{ tab: "settings" }}
      {...small}
    >
      Choose times
    </LinkButton>
  );
}

/** Letting people and programs in, for those who may; undefined until it is known who is. */
function useOthers(): Item[] | undefined {
  const may = useMay();
  const users = useQuery({ ...usersQuery, enabled: may("settings.manage_users") });
  const services = useQuery({ ...servicesQuery, enabled: may("services.manage") });
  if (users.isLoading || services.isLoading) return undefined;
  if (!users.data && !services.data) return [];
  const done = (users.data?.length ?? 0) > 1 || (services.data?.length ?? 0) > 0;
  return [
    {
      title: "Let others in",
      words: users.data
        ? "Make an account for someone, or a token for a program."
        : "Make a token for a program.",
      done,
      way: (
        <LinkButton to={users.data ? "/admin/users" : "/admin/keys"} {...small}>
          {users.data ? "Invite someone" : "Make a token"}
        </LinkButton>
      ),
    },
  ];
}
