import { IconLockOpen } from "@tabler/icons-react";
import { LinkButton } from "../ui/links";
import classes from "./shell.module.css";

/** Says that nobody has an account yet, and what that means. */
export function OpenBanner() {
  return (
    <div className={classes.banner} role="status" data-tone="wait">
      <IconLockOpen size={16} aria-hidden="true" />
      <span>No account exists yet: anyone on this machine can use this server.</span>
      <LinkButton to="/setup" size="compact-sm" variant="default">
        Create the first account
      </LinkButton>
    </div>
  );
}
