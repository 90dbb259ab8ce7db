import type { Page } from 'playwright-core';

/** A user of the explorer page. */
export class Visitor {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Goes to an address on the page. */
  async go(address: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(`#/${address}`)}`);
  }

  /** Opens a run (on a device) at its first page, or another, and waits until its model is there. */
  async open(run: string, { device = 'auto', page = '' } = {}): Promise<void> {
    await this.go(`run/${run}/${page}${device === 'auto' ? '' : `?device=${device}`}`);
    await this.page.locator('h2').getByText(run).waitFor({ timeout: 60_000 });
    await this.page.locator('#device').waitFor({ timeout: 60_000 });
  }

  /** Goes to a page of the run that is open. */
  async tab(title: string): Promise<void> {
    await this.page.locator('.pages').getByRole('link', { name: title, exact: true }).click();
  }

  /** Titles of the pages of the run that is open: those on which its model is used, and the others. */
  async tabs(): Promise<string[][]> {
    const lists = await this.page.locator('.pages ul').all();
    return Promise.all(lists.map((list) => list.getByRole('link').allTextContents()));
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
    await this.page.locator('.pad canvas').scrollIntoViewIfNeeded();
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
    await this.page.locator(selector).scrollIntoViewIfNeeded();
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
