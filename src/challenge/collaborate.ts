import type { ApiCodes } from './api-codes.ts';
import { unnamedSettings } from './rfc6750.ts';

/**
 * Blackboard Collaborate (wire facts 1.3): errorKey and errorMessage. No errorKey is known to be about the token, so none
 * decides: any 401 gets one refresh and one repeat, then its answer goes through (U54-U59).
 */
export const collaborate: ApiCodes = {
  name: 'Collaborate',
  codeMembers: ['errorKey'],
  textMembers: ['errorMessage'],
  codes: [],
  uncodedIsPermission: false,
  settings: unnamedSettings,
  check: {
    expired: 'Compare the clock of this machine with real time; tokens of Collaborate live about six minutes.',
    rejected:
      "Check that the credential's tokenEndpoint and the route's upstream belong to the same Collaborate region.",
  },
};
