import type { Answer } from './answer.ts';
import type { Call } from './emulator.ts';

/** An asset that the caller may not view: Collibra says 401 for that too (wire facts 2.2). */
export const restrictedAssetId = '00000000-0000-0000-0000-000000000401';

/** A community, an asset or a domain that exists. */
export const knownId = '00000000-0000-0000-0000-000000000001';

const community = { id: knownId, resourceType: 'Community', name: 'Data Governance Council', system: false };

/** An error in Collibra's envelope (wire facts 2.2). */
export function collibraError(status: number, errorCode: string | undefined, userMessage: string, help = ''): Answer {
  const titles: Readonly<Record<number, string>> = { 401: 'Unauthorized', 404: 'Not found', 405: 'Method not allowed' };
  return {
    status,
    json: {
      statusCode: status,
      ...(errorCode === undefined ? {} : { errorCode }),
      titleMessage: titles[status] ?? 'Bad request',
      userMessage,
      helpMessage: help,
    },
    ...(errorCode === undefined ? {} : { errorCode }),
  };
}

/** The one resource that needs no authentication. */
export const applicationInfo: Answer = {
  status: 200,
  json: {
    baseUrl: 'http://127.0.0.1',
    version: { fullVersion: '2026.10.0', displayVersion: '2026.10' },
    buildNumber: 'emulated',
  },
};

/** What a missing view permission looks like: no token code. */
export const restrictedAnswer: Answer = collibraError(401, undefined, 'User lacks view permission');

/** Answers a request whose token was accepted. */
export function collibraResource(call: Call, principal: string): Answer {
  const path = call.path.replace(/^\/rest\/2\.0/, '');
  const reading = call.method === 'GET' || call.method === 'HEAD';
  if (reading && path === '/communities') return list(call, [community]);
  if (reading && path === `/communities/${knownId}`) return { status: 200, json: community };
  if (reading && path === '/auth/sessions/current') {
    return { status: 200, json: { user: { id: knownId, userName: principal, resourceType: 'User' } } };
  }
  const asset = /^\/assets(?:\/([^/]+))?$/.exec(path);
  if (asset !== null) return assets(call, asset[1], reading);
  if (call.method === 'POST' && path === '/import/json-job') {
    const { bytes, sha256 } = call.body;
    return { status: 200, json: { id: knownId, type: 'IMPORT', state: 'WAITING', received: { bytes, sha256 } } };
  }
  if ((reading || call.method === 'POST') && path === '/outputModule/export/json') return exported(call);
  return collibraError(404, 'notFound', 'There is no such resource.');
}

function list(call: Call, results: readonly object[]): Answer {
  const number = (name: string, otherwise: number) => Number(call.query.get(name) ?? otherwise);
  const [offset, limit] = [number('offset', 0), number('limit', 1000)];
  return {
    status: 200,
    json: { total: results.length, offset, limit, results: results.slice(offset, offset + limit) },
  };
}

function assets(call: Call, id: string | undefined, reading: boolean): Answer {
  if (id === restrictedAssetId) return restrictedAnswer;
  const { bytes, sha256 } = call.body;
  const shown = {
    id: id ?? knownId,
    resourceType: 'Asset',
    name: 'An asset',
    received: { method: call.method, bytes, sha256 },
  };
  if (id === undefined) {
    if (reading) return list(call, [{ id: knownId, resourceType: 'Asset', name: 'An asset' }]);
    return call.method === 'POST'
      ? { status: 201, json: shown }
      : collibraError(405, undefined, 'The method is not allowed.');
  }
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
    return collibraError(404, 'assetNotFound', 'There is no such asset.');
  if (call.method === 'DELETE') return { status: 204 };
  if (reading || call.method === 'PUT' || call.method === 'PATCH') return { status: 200, json: shown };
  return collibraError(405, undefined, 'The method is not allowed.');
}

/** `?rows=N` (default 1000) rows of about 100 bytes, a piece of 100 rows at a time, `?pauseMs=N` between pieces. */
function exported(call: Call): Answer {
  const rows = Math.min(Number(call.query.get('rows') ?? 1000) || 0, 10_000_000);
  const pauseMs = Math.min(Number(call.query.get('pauseMs') ?? 0) || 0, 60_000);
  return { status: 200, pieces: rowPieces(rows, pauseMs) };
}

async function* rowPieces(rows: number, pauseMs: number): AsyncGenerator<string> {
  yield '{"view":[';
  for (let first = 0; first < rows; first += 100) {
    const count = Math.min(100, rows - first);
    const piece = Array.from({ length: count }, (_, at) => JSON.stringify({ row: first + at, name: 'x'.repeat(75) }));
    yield (first === 0 ? '' : ',') + piece.join(',');
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  yield ']}';
}
