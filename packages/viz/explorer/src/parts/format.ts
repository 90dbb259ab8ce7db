/** A number for people: four digits that count. */
export function formatNumber(value: unknown): string {
  if (value === undefined || value === null) return '–';
  if (typeof value !== 'number') return `${value}`;
  if (Number.isInteger(value)) return value.toLocaleString('en').replace('-', '−');
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(2);
  return `${Number(value.toPrecision(size >= 1000 ? 6 : 4))}`.replace(/^-/, '−');
}

/** `−98.4 ± 0.3` */
export function withError(value: number, error: number | undefined): string {
  return error === undefined || !Number.isFinite(error)
    ? formatNumber(value)
    : `${formatNumber(value)} ± ${formatError(error)}`;
}

function formatError(error: number): string {
  return `${Number(error.toPrecision(2))}`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** `2026-11-29 17:05`, in this machine's time zone. */
export function formatTime(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
