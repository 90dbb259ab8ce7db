import type { MiddlewareHandler } from 'hono';

/**
 * Answers requests that ask for one of these hosts only. A page elsewhere whose name points at this machine (DNS rebinding)
 * asks for its own.
 *
 * @param hosts names without a port, such as `localhost` or `[::1]`
 */
export function hostCheck(hosts: readonly string[]): MiddlewareHandler {
  const known = new Set(hosts.map((host) => host.toLowerCase()));
  return async (c, next) => {
    const host = (c.req.header('host') ?? '').replace(/:\d+$/, '').toLowerCase();
    if (known.has(host)) return next();
    return c.json(
      { error: { code: 'unknown-host', message: 'the service has no such name: add it to its hosts' } },
      421,
    );
  };
}
