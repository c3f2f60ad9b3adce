import { createServer, type RequestListener, type Server } from 'node:http';
import type { FastifyInstance, FastifyServerFactory } from 'fastify';

/** Makes the app for the server that the factory gives it. */
export type BuildApp = (serverFactory: FastifyServerFactory) => FastifyInstance;

/** A server whose app is built with the first request: a tenth of a cold start (docs/decisions/0002-cold-start.md). */
export class LateServer {
  readonly server: Server;
  readonly #build: BuildApp;
  #app: FastifyInstance | undefined;
  #handler: Promise<RequestListener> | undefined;

  constructor(build: BuildApp) {
    this.#build = build;
    this.server = createServer({ requestTimeout: 10_000, keepAliveTimeout: 72_000 }, (request, response) => {
      this.#handler ??= this.#ready();
      void this.#handler.then((handle) => handle(request, response));
    });
  }

  /** Stops accepting, and ends whatever is asked of it at the moment. */
  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await this.#app?.close();
  }

  async #ready(): Promise<RequestListener> {
    let given: RequestListener | undefined;
    this.#app = this.#build((handler) => {
      given = handler;
      return this.server;
    });
    await this.#app.ready();
    if (given === undefined) throw new Error('the app has not asked for its server');
    return given;
  }
}
