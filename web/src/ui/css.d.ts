import "react";

declare module "react" {
  /** Custom properties, which style attributes may set as well. */
  interface CSSProperties {
    [property: `--${string}`]: string | number;
  }
}
