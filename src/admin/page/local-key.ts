import { element } from './elements.ts';

/** Where guard.localKey is set, a call that changes something has to carry the key; it is kept while the page is open, nowhere else. */
export class LocalKeyPrompt {
  #key: string | undefined;

  /** The key for the header field of this name, asked for when it is not known yet; undefined = the reader would not say it. */
  async get(header: string): Promise<string | undefined> {
    this.#key ??= await ask(header);
    return this.#key;
  }

  /** It was the wrong one. */
  forget(): void {
    this.#key = undefined;
  }
}

function ask(header: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const input = element('input', {
      attributes: { type: 'password', id: 'local-key', autocomplete: 'off', spellcheck: 'false' },
    });
    const button = (text: string) => element('button', { text, attributes: { type: 'button' } });
    const [cancel, send] = [button('Cancel'), button('Send')];
    const dialog = element(
      'dialog',
      { class: 'prompt', attributes: { 'aria-label': 'Local key' } },
      element('label', { text: `The key for ${header} (guard.localKey)`, attributes: { for: 'local-key' } }),
      input,
      element('p', { class: 'buttons' }, cancel, send),
    );
    let key: string | undefined;
    const done = () => {
      key = input.value === '' ? undefined : input.value;
      dialog.close();
    };
    send.addEventListener('click', done);
    input.addEventListener('keydown', (event) => event.key === 'Enter' && done());
    cancel.addEventListener('click', () => dialog.close());
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(key);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
