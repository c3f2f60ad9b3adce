import type { CompletedCommand, CompletedOption } from './completion-words.ts';

/** The completion script for zsh: a file of $fpath named _bearerd, or sourced after compinit. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  return `#compdef bearerd
# Completion of bearerd for zsh, made by: bearerd completion zsh

_bearerd() {
  local command=run
  local -a commands
  commands=(
${commands.map(({ name, doc }) => `    ${quoted(`${name}:${doc}`)}`).join('\n')}
  )
  if [[ $words[2] != -* ]]; then
    if (( CURRENT == 2 )); then
      _describe -t commands command commands
      return
    fi
    command=$words[2]
    shift words
    (( CURRENT-- ))
  fi
  case $command in
${commands.map(commandCase).join('\n')}
  esac
}

if [[ $funcstack[1] == _bearerd ]]; then _bearerd "$@"; else compdef _bearerd bearerd; fi
`;
}

function commandCase({ name, options, choices, runsProgram }: CompletedCommand): string {
  const operands = [
    ...(choices.length === 0 ? [] : [quoted(`1:word:(${choices.join(' ')})`)]),
    ...(runsProgram ? [quoted('*::program:_normal')] : []),
  ];
  const version = name === 'run' ? [quoted('--version[Show the version.]')] : [];
  const specs = [...options.map(optionSpec), ...version, ...operands].map((spec) => `        ${spec}`);
  return [`    ${name})`, '      _arguments -S \\', specs.join(' \\\n'), '      ;;'].join('\n');
}

/** A list may be given by several flags, so that none is taken off the menu once it was used. */
function optionSpec({ name, doc, value }: CompletedOption): string {
  const words = doc.replaceAll(/[[\]\\]/g, '\\$&');
  if (value === 'none') return quoted(`*${name}[${words}]`);
  const action = value === 'file' ? '_files' : value === 'any' ? ' ' : `(${value.join(' ')})`;
  return quoted(`*${name}=[${words}]:value:${action}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
