import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPin, IconPinFilled } from "@tabler/icons-react";
import { formatRows } from "../../lib/format";
import { useMay } from "../../lib/session";
import { type NodeTrial, type Pin, type PinPlace, usePin } from "../../lib/trials";
import { Failure } from "../failure";
import { RelativeTime } from "../relative-time";
import { PinDialog } from "./pin-dialog";
import classes from "./trial.module.css";

type PinnedProps = { place: PinPlace; name: string; pin: Pin };

/** That a node has pinned rows, whose they are, and what can be done with them. */
export function Pinned({ place, name, pin }: PinnedProps) {
  const may = useMay();
  const { unpin } = usePin(place);
  const [editing, dialog] = useDisclosure();
  return (
    <div className={classes.pinned}>
      <span className={classes.pinWords}>
        <IconPinFilled size={15} aria-hidden="true" />
        <span>
          {formatRows(pin.rows.length)} pinned
          {pin.pinned_by && (
            <>
              {" by "}
              <bdi>{pin.pinned_by}</bdi>
            </>
          )}
          {pin.pinned_at ? (
            <>
              , <RelativeTime at={pin.pinned_at} />
            </>
          ) : (
            " here until the node is saved"
          )}
          . Trials take them; runs never do.
        </span>
      </span>
      {may("pipelines.edit") && (
        <div className={classes.actions}>
          <Button size="xs" variant="default" onClick={dialog.open}>
            Edit pinned rows
          </Button>
          <Button
            size="xs"
            variant="default"
            loading={unpin.isPending}
            onClick={() => unpin.mutate()}
          >
            Unpin
          </Button>
        </div>
      )}
      {unpin.error && <Failure error={unpin.error} />}
      {editing && <PinDialog place={place} name={name} pin={pin} onClose={dialog.close} />}
    </div>
  );
}

/** Pins the rows that a trial has shown of a node. */
export function PinRows({ place, result }: { place: PinPlace; result: NodeTrial }) {
  const may = useMay();
  const { pin } = usePin(place);
  const { types, rows, pinned } = result;
  if (pinned || rows.length === 0 || !may("pipelines.edit")) return null;
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconPin size={15} />}
        loading={pin.isPending}
        onClick={() => pin.mutate({ columns: types, rows })}
      >
        Pin these rows
      </Button>
      {pin.error && <Failure error={pin.error} />}
    </>
  );
}
