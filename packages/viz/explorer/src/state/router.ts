import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useState } from 'preact/hooks';

/** Where the page is: the part of its address after `#`. */
export interface Route {
  readonly path: readonly string[];
  readonly params: URLSearchParams;
}

/** Between two changes of the address while something is dragged, in ms: browsers refuse hundreds of them. */
const PAUSE = 200;

/** The page's address as its state: every change of it is a link that can be kept, and back and forward go through them. */
export class Router {
  readonly #window: Window;
  readonly #listeners = new Set<() => void>();
  #route: Route;
  #pending: number | undefined;

  constructor(window: Window) {
    this.#window = window;
    this.#route = parseRoute(window.location.hash);
    const read = (): void => {
      this.#window.clearTimeout(this.#pending);
      this.#pending = undefined;
      this.#set(parseRoute(window.location.hash));
    };
    window.addEventListener('popstate', read);
    window.addEventListener('hashchange', read);
  }

  get route(): Route {
    return this.#route;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Goes to an address of {@link link}. `replace`: the one before is no longer in the history. */
  go(address: string, { replace = false }: { readonly replace?: boolean } = {}): void {
    this.#flush();
    if (replace) this.#window.history.replaceState(null, '', address);
    else this.#window.history.pushState(null, '', address);
    this.#set(parseRoute(address));
  }

  /**
   * Sets parameters; undefined removes one. With `push` the state before can be gone back to: of choices, not of what is
   * dragged or typed.
   */
  change(
    changes: Readonly<Record<string, string | undefined>>,
    { push = false }: { readonly push?: boolean } = {},
  ): void {
    const params = new URLSearchParams(this.#route.params);
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) params.delete(name);
      else params.set(name, value);
    }
    if (push) {
      this.go(link(this.#route.path, params));
      return;
    }
    this.#set({ path: this.#route.path, params });
    this.#pending ??= this.#window.setTimeout(() => this.#flush(), PAUSE);
  }

  #flush(): void {
    if (this.#pending === undefined) return;
    this.#window.clearTimeout(this.#pending);
    this.#pending = undefined;
    this.#window.history.replaceState(null, '', link(this.#route.path, this.#route.params));
  }

  #set(route: Route): void {
    this.#route = route;
    for (const listener of this.#listeners) listener();
  }
}

/** `#/run/vae/map?seed=3` */
function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const parts = path.split('/').filter((part) => part !== '');
  return { path: parts.map(decoded), params: new URLSearchParams(query) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a place on the page. */
export function link(path: readonly string[], params: URLSearchParams | Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(params).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`;
}

export const RouterContext = createContext<Router | undefined>(undefined);

export function useRouter(): Router {
  const router = useContext(RouterContext);
  if (!router) throw new Error('no router around this part of the page');
  return router;
}

/** The route, and again when it changes. */
export function useRoute(): Route {
  const router = useRouter();
  const [route, setRoute] = useState(router.route);
  useEffect(() => {
    setRoute(router.route);
    return router.subscribe(() => setRoute(router.route));
  }, [router]);
  return route;
}

type Push = { readonly push?: boolean };

/** A text that is kept in the address. The initial one is not written there. */
export function useText(name: string, initial: string, options: Push = {}): [string, (value: string) => void] {
  const router = useRouter();
  const { params } = useRoute();
  const { push = false } = options;
  const set = useCallback(
    (value: string) => router.change({ [name]: value === initial ? undefined : value }, { push }),
    [router, name, initial, push],
  );
  return [params.get(name) ?? initial, set];
}

/** A number that is kept in the address. What is no number there counts as the initial one. */
export function useNumber(name: string, initial: number, options: Push = {}): [number, (value: number) => void] {
  const [text, setText] = useText(name, `${initial}`, options);
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const set = useCallback((next: number) => setText(`${Number(next.toFixed(4))}`), [setText]);
  return [Number.isFinite(value) ? value : initial, set];
}

/** One of a few that is kept in the address. */
export function useOneOf<T extends string>(name: string, choices: readonly T[]): [T, (value: T) => void] {
  const [text, setText] = useText(name, choices[0]!, { push: true });
  return [choices.includes(text as T) ? (text as T) : choices[0]!, setText];
}
