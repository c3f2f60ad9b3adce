import type { FastifyServerOptions } from 'fastify';

/**
 * For a Fastify whose routes have no schemas: without it Fastify loads two schema compilers at its start, a twentieth of
 * the time of a cold start (docs/decisions/0002-cold-start.md).
 */
export const noSchemas: NonNullable<FastifyServerOptions['schemaController']> = {
  compilersFactory: { buildValidator: () => refuse, buildSerializer: () => refuse },
};

function refuse(): never {
  throw new Error('no route of bearerd has a schema');
}
