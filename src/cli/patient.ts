import type { Credential } from '../app/credentials.ts';
import type { Config, RouteConfig } from '../config/config.ts';
import type { Patient } from '../doctor/examine-route.ts';
import type { Route } from '../inbound/route.ts';

/** What `doctor` needs to examine a route, taken from the parts that would serve it. */
export function patientOf(
  route: RouteConfig,
  config: Config,
  credentials: ReadonlyMap<string, Credential>,
  built: readonly Route[],
): Patient {
  const way = built.find(({ name }) => name === route.name);
  const credential = config.credentials.find(({ name }) => name === route.credential);
  const working = credentials.get(route.credential);
  if (way === undefined || credential === undefined || working === undefined)
    throw new Error(`${route.name} is not built`);
  const { source, subjects, provider, yardstick, keys } = working;
  const users = config.routes.filter((one) => one.credential === credential.name);
  return {
    route,
    credential,
    tokens: subjects === undefined ? source : undefined,
    contact: provider.issuer,
    yardstick,
    keys,
    upstreams: [...new Set(users.map(({ upstream }) => upstream))],
    plain: way.plain,
    rules: way.requestRules,
    base: way.base,
  };
}
