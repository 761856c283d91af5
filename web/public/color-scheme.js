// Runs before the first paint, so a dark page never flashes white; its own file because the policy forbids inline scripts.
(() => {
  const saved = localStorage.getItem("broked.color-scheme");
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const scheme = saved === "light" || saved === "dark" ? saved : dark ? "dark" : "light";
  document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
})();
