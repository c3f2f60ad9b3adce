import type { CredentialStatus, RouteStatus } from '../status.ts';
import { element } from './elements.ts';
import { count, stateTone, stateWord } from './words.ts';

/** Shows the table of the routes, each with the state of its credential. */
export function showRoutes(routes: readonly RouteStatus[], credentials: readonly CredentialStatus[]): void {
  const body = document.querySelector('#routes tbody');
  const rows = routes.map((route) => {
    const { name, path, upstream, preset, credential, requests, repeated, insecureSkipVerify } = route;
    const total = Object.values(requests).reduce((sum, one) => sum + one, 0);
    const goesTo = element('td', { text: upstream });
    if (insecureSkipVerify) goesTo.append(element('span', { class: 'tag bad', text: 'certificate not verified' }));
    return element(
      'tr',
      {},
      element('th', { text: name, attributes: { scope: 'row' } }),
      element('td', { class: 'code', text: path }),
      goesTo,
      element('td', { class: 'wide', text: preset }),
      credentialCell(credential, credentials),
      element('td', { class: 'number', text: count(total) }),
      element('td', { class: 'number wide', text: count(repeated) }),
      element('td', { class: `number${requests['4xx'] ? ' tone-4xx' : ''}`, text: count(requests['4xx'] ?? 0) }),
      element('td', { class: `number${requests['5xx'] ? ' tone-5xx' : ''}`, text: count(requests['5xx'] ?? 0) }),
    );
  });
  body?.replaceChildren(...rows);
}

function credentialCell(name: string, credentials: readonly CredentialStatus[]): HTMLElement {
  const cell = element('td', { text: `${name} ` });
  const credential = credentials.find((one) => one.name === name);
  if (credential === undefined) return cell;
  cell.dataset['tone'] = stateTone(credential);
  cell.append(element('span', { class: 'badge', text: stateWord(credential) }));
  return cell;
}
