import {
  ActionIcon,
  Button,
  type CSSVariablesResolver,
  createTheme,
  type MantineColorsTuple,
  Modal,
  Notification,
  Tooltip,
} from "@mantine/core";

const ink: MantineColorsTuple = [
  "#eef2ff",
  "#dfe5fb",
  "#bcc8f5",
  "#96a9ef",
  "#7b92eb",
  "#5f7ae6",
  "#4c68dc",
  "#3f5bd0",
  "#3450be",
  "#2a419c",
];

const night: MantineColorsTuple = [
  "#e6e8ec",
  "#c3c8d1",
  "#9ba3b0",
  "#6f7887",
  "#3a414d",
  "#2c323c",
  "#22272f",
  "#191d23",
  "#13161b",
  "#0e1014",
];

/** The look shared by every component. */
export const theme = createTheme({
  primaryColor: "ink",
  primaryShade: { light: 7, dark: 6 },
  colors: { ink, dark: night },
  defaultRadius: "md",
  fontFamily:
    'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif',
  fontFamilyMonospace:
    'ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: "650" },
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Button: Button.extend({ defaultProps: { size: "sm" } }),
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: "subtle", color: "gray" } }),
    Modal: Modal.extend({
      defaultProps: { centered: true, closeButtonProps: { "aria-label": "Close" } },
    }),
    Notification: Notification.extend({
      defaultProps: { closeButtonProps: { "aria-label": "Close" } },
    }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 300, withArrow: true } }),
  },
});

/** Colours of Mantine that miss the contrast of WCAG AA on our backgrounds, replaced by ones that keep it. */
export const contrast: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#ffffff",
    "--mantine-color-text": "#1b1f27",
    "--mantine-color-dimmed": "#5a6372",
    "--mantine-color-placeholder": "#6b7483",
    "--mantine-color-error": "#c22f2f",
    "--mantine-color-default-border": "#d9dde4",
    "--mantine-color-gray-light-color": "#4a5260",
  },
  dark: {
    "--mantine-color-body": "#191d23",
    "--mantine-color-text": "#e6e8ec",
    "--mantine-color-dimmed": "#9ba3b0",
    "--mantine-color-placeholder": "#8b93a1",
    "--mantine-color-error": "#ff8f8f",
    "--mantine-color-default-border": "#323944",
    "--mantine-color-anchor": "#9db0f5",
  },
});
