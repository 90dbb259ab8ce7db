import type { Page } from 'playwright-core';

/** A user of the explorer page. */
export class Visitor {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Chooses a run (and a device) by name, and waits until it is there. */
  async open(run: string, device?: string): Promise<void> {
    const [runs, devices] = [
      this.page.getByLabel('Run', { exact: true }),
      this.page.getByLabel('Device', { exact: true }),
    ];
    if (device !== undefined) await devices.selectOption(device);
    await runs.selectOption({ label: run });
    const about = this.page.locator('#about');
    await about.getByText(run, { exact: true }).waitFor({ timeout: 60_000 });
  }

  async tab(title: string): Promise<void> {
    await this.page.getByRole('tab', { name: title, exact: true }).click();
  }

  tabs(): Promise<string[]> {
    return this.page.getByRole('tab').allTextContents();
  }

  /** The pixels of the pictures whose label begins so, once they are neither empty nor the same as `before`. */
  async pictures(label: string, before = ''): Promise<string> {
    const expression = `(${pixelsOf})(${JSON.stringify({ label, before })})`;
    // The page's policy forbids what waitForFunction does with text.
    for (let attempt = 0; attempt < 600; attempt++) {
      const found = await this.page.evaluate(expression);
      if (typeof found === 'string') return found;
      await this.page.waitForTimeout(100);
    }
    throw new Error(`no new picture '${label}' within a minute`);
  }

  /** A seven in the square to draw on. */
  async drawSeven(): Promise<void> {
    const box = (await this.page.locator('.pad canvas').boundingBox())!;
    const at = (x: number, y: number) => [box.x + x * box.width, box.y + y * box.height] as const;
    const { mouse } = this.page;
    await mouse.move(...at(0.3, 0.25));
    await mouse.down();
    await mouse.move(...at(0.7, 0.25), { steps: 5 });
    await mouse.move(...at(0.45, 0.8), { steps: 8 });
    await mouse.up();
  }

  async drag(selector: string, from: readonly [number, number], to: readonly [number, number]): Promise<void> {
    const box = (await this.page.locator(selector).boundingBox())!;
    const { mouse } = this.page;
    await mouse.move(box.x + from[0] * box.width, box.y + from[1] * box.height);
    await mouse.down();
    await mouse.move(box.x + to[0] * box.width, box.y + to[1] * box.height, { steps: 6 });
    await mouse.up();
  }

  async text(selector: string): Promise<string> {
    const found = this.page.locator(selector).first();
    await found.waitFor({ timeout: 60_000 });
    return (await found.textContent()) ?? '';
  }

  /** Whether anything sticks out to the right. */
  overflows(): Promise<boolean> {
    return this.page.evaluate('document.documentElement.scrollWidth > window.innerWidth');
  }
}

/** Runs in the page. False until there is something new. */
const pixelsOf = `({ label, before }) => {
  const canvases = [...document.querySelectorAll('canvas[aria-label]')].filter((canvas) => canvas.getAttribute('aria-label').startsWith(label));
  if (canvases.length === 0) return false;
  const levels = canvases.flatMap((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value, i) => i % 4 === 3 && value > 0) ? [...data.filter((_, i) => i % 4 === 0)] : [NaN];
  });
  const text = levels.join();
  return text.includes('NaN') || text === before ? false : text;
}`;
