import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Admission } from './admission.js';

/** Numbers of a service for Prometheus: requests by route and status, their time, those under way, the process. */
export class ServiceMetrics {
  readonly #registry = new Registry();
  readonly #requests: Counter;
  readonly #seconds: Histogram;

  constructor(admission: Admission) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Counter({
      name: 'onnx_forge_requests_total',
      help: 'Requests by route and status',
      labelNames: ['route', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'onnx_forge_request_seconds',
      help: 'Time from a request to the head of its answer',
      labelNames: ['route'],
      registers,
    });
    new Gauge({
      name: 'onnx_forge_requests_under_way',
      help: 'Requests under way, waiting ones included',
      registers,
      collect() {
        this.set(admission.underWay);
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Counts what passes. Paths that are no route count as one, so that nobody can make the list long. */
  middleware(): MiddlewareHandler {
    return async (c, next) => {
      const begin = performance.now();
      await next();
      const path = routePath(c, -1);
      const route = path.includes('*') ? 'none' : path;
      this.#requests.inc({ route, status: c.res.status });
      this.#seconds.observe({ route }, (performance.now() - begin) / 1_000);
    };
  }
}
