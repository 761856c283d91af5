import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { formatCount } from "../lib/format";
import { openIssuesQuery, systemQuery } from "../lib/queries";
import { Logo } from "../ui/logo";
import { pages, useAdminPages } from "./pages";
import classes from "./shell.module.css";

/** The pages at the left; on a narrow window they slide in over the page. */
export function Navigation({ open, onLeave }: { open: boolean; onLeave: () => void }) {
  const { data: system } = useQuery(systemQuery);
  const adminPages = useAdminPages();
  return (
    <nav className={classes.nav} aria-label="Pages" data-open={open} id="navigation">
      <Link to="/" className={classes.brand} onClick={onLeave}>
        <Logo />
        broked
      </Link>
      {pages.map((page) => (
        <NavLink key={page.to} page={page} onLeave={onLeave} />
      ))}
      {adminPages.length > 0 && <h2 className={classes.navSection}>Administration</h2>}
      {adminPages.map((page) => (
        <NavLink key={page.to} page={page} onLeave={onLeave} />
      ))}
      {system && <span className={classes.version}>Version {system.version}</span>}
    </nav>
  );
}

type NavLinkProps = {
  page: (typeof pages)[number] | ReturnType<typeof useAdminPages>[number];
  onLeave: () => void;
};

function NavLink({ page: { to, label, icon: Icon }, onLeave }: NavLinkProps) {
  return (
    <Link
      to={to}
      className={classes.navLink}
      activeOptions={{ exact: to === "/", includeSearch: false }}
      activeProps={{ "data-active": true }}
      onClick={onLeave}
    >
      <Icon size={18} stroke={1.7} aria-hidden="true" />
      {label}
      {to === "/issues" && <OpenIssues />}
    </Link>
  );
}

/** How many issues wait for somebody. */
function OpenIssues() {
  const { data: open = 0 } = useQuery(openIssuesQuery);
  if (open === 0) return null;
  return (
    <span className={classes.count} data-tone="bad">
      {formatCount(open)}
      <span className={classes.unseen}> open</span>
    </span>
  );
}
