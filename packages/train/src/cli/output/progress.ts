import type { WriteStream } from 'node:tty';
import { SingleBar } from 'cli-progress';
import { formatSeconds } from './format.js';
import { printable } from './printable.js';
import { progressLine, type Standing } from './progress-line.js';

/** Shows people that work goes on. Writes to stderr only. */
export interface Progress {
  /** May be called as often as one likes. */
  update(standing: Standing): void;
  /** A line that stays. */
  line(text: string): void;
  /** A line that people should read even if they asked for quiet. */
  notice(text: string): void;
  /** The work under way has ended; takes the bar away. */
  end(): void;
}

/** A bar on a terminal, plain lines otherwise; when quiet, only notices. */
export function progressOn(stream: NodeJS.WriteStream, quiet = false): Progress {
  if (quiet) return new QuietProgress(stream);
  return stream.isTTY ? new BarProgress(stream as WriteStream) : new LineProgress(stream);
}

class QuietProgress implements Progress {
  readonly #stream: NodeJS.WritableStream;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  update(): void {}

  line(): void {}

  notice(text: string): void {
    this.#stream.write(`${printable(text)}\n`);
  }

  end(): void {}
}

/** One bar, redrawn in place; lines scroll away above it. */
class BarProgress implements Progress {
  readonly #stream: WriteStream;
  #bar: SingleBar | undefined;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  update(standing: Standing): void {
    const { fraction } = standing;
    const payload = { standing };
    if (this.#bar === undefined) {
      this.#bar = new SingleBar({
        stream: this.#stream,
        // The last column stays free: some terminals begin a new line when it is written.
        format: (_options, _params, { standing: now }: { standing: Standing }) =>
          progressLine(now, (this.#stream.columns || 80) - 1),
        clearOnComplete: true,
        hideCursor: true,
        // Signals are the command's own business; it ends the bar.
        gracefulExit: false,
      });
      this.#bar.start(1, fraction, payload);
    } else {
      this.#bar.update(fraction, payload);
    }
  }

  line(text: string): void {
    this.end();
    this.#stream.write(`${printable(text)}\n`);
  }

  notice(text: string): void {
    this.line(text);
  }

  end(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

/** Between two lines of the same task, in milliseconds. */
const LINE_INTERVAL = 5000;

/** One line when a task begins and then every few seconds: for logs. */
class LineProgress implements Progress {
  readonly #stream: NodeJS.WritableStream;
  #task = '';
  #due = 0;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  update({ task, fraction, detail, etaSeconds }: Standing): void {
    const now = performance.now();
    if (task === this.#task && now < this.#due) return;
    this.#task = task;
    this.#due = now + LINE_INTERVAL;
    const eta = etaSeconds === undefined ? [] : [`ETA ${formatSeconds(etaSeconds)}`];
    this.line(
      [task, ...(fraction > 0 ? [`${Math.floor(100 * fraction)}%`] : []), ...eta, ...(detail ? [detail] : [])].join(
        '  ',
      ),
    );
  }

  line(text: string): void {
    this.#stream.write(`${printable(text)}\n`);
  }

  notice(text: string): void {
    this.line(text);
  }

  end(): void {
    this.#task = '';
  }
}
