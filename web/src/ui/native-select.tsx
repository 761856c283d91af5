// Its arrow is styled with the lists of other fields, which are not in the first load.
import "@mantine/core/styles/Combobox.css";

export { NativeSelect } from "@mantine/core";
