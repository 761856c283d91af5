import classes from "./form.module.css";

/** Something that is offered, and a word about it. */
export function OptionWords({ shown, hint }: { shown: string; hint: string }) {
  return (
    <span className={classes.option}>
      <bdi>{shown}</bdi>
      {hint && <span className={classes.soft}>{hint}</span>}
    </span>
  );
}
