import { pathOf } from './request-target.ts';

/** Finds the route of a path: the longest prefix on segment boundaries wins. */
export class RouteTable<R extends { readonly prefix: string; readonly policy?: object | undefined }> {
  readonly #byPrefix = new Map<string, R>();
  #longest = 0;
  /** As they were given. */
  readonly routes: readonly R[];
  /** There are several, and one at least has a policy that a path must not lead round. */
  readonly mixed: boolean;

  /** @param routes with prefixes without a trailing slash; empty = everything */
  constructor(routes: readonly R[]) {
    this.routes = routes;
    this.mixed = routes.length > 1 && routes.some(({ policy }) => policy !== undefined);
    for (const route of routes) {
      this.#byPrefix.set(route.prefix, route);
      this.#longest = Math.max(this.#longest, route.prefix.length);
    }
  }

  /** The route for a path with or without its query; undefined = none. */
  find(pathQuery: string): R | undefined {
    if (this.#longest === 0) return this.#byPrefix.get('');
    const path = pathOf(pathQuery);
    // no prefix is longer than the longest, so a path of a thousand segments costs no more look-ups than it
    let end = path.length <= this.#longest ? path.length : path.lastIndexOf('/', this.#longest);
    while (end > 0) {
      const route = this.#byPrefix.get(path.slice(0, end));
      if (route !== undefined) return route;
      end = path.lastIndexOf('/', end - 1);
    }
    return this.#byPrefix.get('');
  }
}
