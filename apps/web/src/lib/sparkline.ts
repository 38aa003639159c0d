interface Box {
  width: number;
  height: number;
  ceiling?: number | undefined;
}

/** SVG paths of a series from zero upwards. Runs of measured values are lines of their own; a lone value is a dot. */
export function sparklinePaths(values: readonly (number | null)[], { width, height, ceiling }: Box) {
  const largest = values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  const top = Math.max(ceiling ?? 0, largest) || 1;
  // One pixel on every side, so that a line or a dot at an edge is drawn whole.
  const x = (index: number) => Math.round((1 + (values.length > 1 ? index / (values.length - 1) : 1) * (width - 2)) * 100) / 100;
  const y = (value: number) => Math.round((height - 1 - (value / top) * (height - 2)) * 100) / 100;
  let line = '';
  let area = '';
  const dots: { x: number; y: number }[] = [];
  let start = 0;
  while (start < values.length) {
    if (values[start] === null || values[start] === undefined) {
      start += 1;
      continue;
    }
    let end = start;
    while (end + 1 < values.length && values[end + 1] !== null && values[end + 1] !== undefined) end += 1;
    const points = values.slice(start, end + 1).map((value, offset) => `${x(start + offset)} ${y(value ?? 0)}`);
    if (start === end) dots.push({ x: x(start), y: y(values[start] ?? 0) });
    else {
      line += `M${points.join('L')}`;
      area += `M${x(start)} ${height}L${points.join('L')}L${x(end)} ${height}Z`;
    }
    start = end + 1;
  }
  return { line, area, dots };
}
