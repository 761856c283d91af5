import { IconHistory, IconHome, IconSitemap } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { systemQuery } from "../lib/queries";
import { Logo } from "../ui/logo";
import classes from "./shell.module.css";

const pages = [
  { to: "/", label: "Home", icon: IconHome },
  { to: "/pipelines", label: "Pipelines", icon: IconSitemap },
  { to: "/runs", label: "Runs", icon: IconHistory },
] as const;

/** The pages at the left; on a narrow window they slide in over the page. */
export function Navigation({ open, onLeave }: { open: boolean; onLeave: () => void }) {
  const { data: system } = useQuery(systemQuery);
  return (
    <nav className={classes.nav} aria-label="Pages" data-open={open} id="navigation">
      <Link to="/" className={classes.brand} onClick={onLeave}>
        <Logo />
        broked
      </Link>
      {pages.map(({ to, label, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          className={classes.navLink}
          activeOptions={{ exact: to === "/", includeSearch: false }}
          activeProps={{ "data-active": true }}
          onClick={onLeave}
        >
          <Icon size={18} stroke={1.7} aria-hidden="true" />
          {label}
        </Link>
      ))}
      {system && <span className={classes.version}>Version {system.version}</span>}
    </nav>
  );
}
