import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import classes from "./console.module.css";
import type { Series } from "./series";

type Props = { series: Series; name: string };

const font = "11px var(--mantine-font-family, sans-serif)";

/** A line over moments, and bars over anything else. */
export function Chart({ series, name }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  useEffect(() => {
    const frame = place.current;
    if (!frame) return undefined;
    // The colours are those of the page, which change with the scheme.
    const plot = new uPlot(optionsOf(series, name, frame, scheme), dataOf(series), frame);
    const watch = new ResizeObserver(() => plot.setSize(sizeOf(frame)));
    watch.observe(frame);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [series, name, scheme]);
  return (
    <div ref={place} className={classes.chart} role="img" aria-label={wordsOf(series, name)} />
  );
}

function wordsOf({ values }: Series, name: string): string {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return `${name}: no values`;
  return `${name}: ${known.length} values from ${Math.min(...known)} to ${Math.max(...known)}`;
}

function dataOf({ labels, moments, values }: Series): uPlot.AlignedData {
  return [moments ?? labels.map((_, place) => place), values];
}

/** What is under a chart: its legend. */
const legendHeight = 34;

function sizeOf(frame: HTMLElement): { width: number; height: number } {
  return { width: frame.clientWidth, height: Math.max(120, frame.clientHeight - legendHeight) };
}

function optionsOf(
  series: Series,
  name: string,
  frame: HTMLElement,
  scheme: string,
): uPlot.Options {
  const style = getComputedStyle(frame);
  const colour = (token: string) => style.getPropertyValue(token).trim() || scheme;
  const { labels, moments } = series;
  const axis = {
    stroke: colour("--text-soft"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 },
    font,
  };
  const labelAt = (at: number | null) => (at === null ? "" : (labels[at] ?? ""));
  const bars = moments ? undefined : uPlot.paths.bars?.({ size: [0.7, 64] });
  return {
    ...sizeOf(frame),
    // Rows have their times in UTC, and so has the table.
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "UTC"),
    scales: moments
      ? {}
      : { x: { time: false, range: [-0.5, labels.length - 0.5] }, y: { range: fromZero } },
    axes: [
      moments
        ? axis
        : {
            ...axis,
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500],
            space: 90,
            values: (_, splits) => splits.map((at) => shorten(labelAt(at))),
          },
      { ...axis, size: 64 },
    ],
    series: [
      moments ? { label: "When" } : { label: "What", value: (_, at) => labelAt(at) },
      {
        label: name,
        stroke: colour("--accent"),
        fill: moments ? colour("--accent-soft") : colour("--accent"),
        width: moments ? 2 : 0,
        points: { show: Boolean(moments) && labels.length < 60 },
        ...(bars && { paths: bars }),
      },
    ],
  };
}

/** The length of a bar is its value, so that bars begin at zero. */
function fromZero(_: uPlot, lowest: number | null, highest: number | null): [number, number] {
  const low = Math.min(0, lowest ?? 0);
  const high = Math.max(0, highest ?? 0);
  const room = (high - low || 1) * 0.05;
  return [low < 0 ? low - room : 0, high > 0 ? high + room : 0];
}

function shorten(label: string): string {
  return label.length > 14 ? `${label.slice(0, 13)}…` : label;
}
