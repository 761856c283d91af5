import {
  ActionIcon,
  type ActionIconProps,
  Anchor,
  type AnchorProps,
  Button,
  type ButtonProps,
} from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, Ref } from "react";

type Native<Own> = Own &
  Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof Own> & { ref?: Ref<HTMLAnchorElement> };

/** A link in running text to a page of the interface. */
export const TextLink = createLink((props: Native<AnchorProps>) => <Anchor {...props} />);

/** A link to a page that looks like a button. */
export const LinkButton = createLink((props: Native<ButtonProps>) => (
  <Button component="a" {...props} />
));

/** A link to a page that looks like an icon button. */
export const LinkIcon = createLink((props: Native<ActionIconProps>) => (
  <ActionIcon component="a" {...props} />
));
