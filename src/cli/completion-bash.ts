import type { CompletedCommand } from './completion-words.ts';

/** The completion script for bash 3.2 and newer; it needs nothing besides bash. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const programs = commands.filter(({ runsProgram }) => runsProgram).map(({ name }) => name);
  return `# Completion of bearerd for bash, made by: bearerd completion bash

_bearerd() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=run first=1 index words= value=
  COMPREPLY=()
  # --option=value comes as three words
  if [[ $cur == = ]]; then cur=
  elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if [[ \${COMP_WORDS[1]} != -* ]]; then
    if [[ $COMP_CWORD -eq 1 ]]; then
      COMPREPLY=($(compgen -W '${names} help' -- "$cur"))
      return
    fi
    command=\${COMP_WORDS[1]}
    first=2
  fi
  case $command in
    ${programs.join('|')})
      # behind -- another program begins
      for ((index = 2; index < COMP_CWORD; index++)); do
        [[ \${COMP_WORDS[index]} == -- ]] || continue
        local IFS=$'\\n'
        if [[ $index -eq $((COMP_CWORD - 1)) ]]; then COMPREPLY=($(compgen -c -- "$cur"))
        else _bearerd_files
        fi
        return
      done ;;
  esac
  case $command in
${commands.map(commandCase).join('\n')}
  esac
  case $value in
    file) _bearerd_files ;;
    any) ;;
    '')
      if [[ $cur != -* && $COMP_CWORD -ne $first ]]; then return; fi
      [[ $command == run && $first -eq 1 ]] && words="$words --version"
      COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
    *) COMPREPLY=($(compgen -W "$value" -- "$cur")) ;;
  esac
}

_bearerd_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$cur"))
}

complete -F _bearerd bearerd
`;
}

function commandCase({ name, options, choices }: CompletedCommand): string {
  const cases = new Map<string, string[]>();
  for (const { name: option, value } of options) {
    if (value === 'none') continue;
    const key = typeof value === 'string' ? value : value.join(' ');
    cases.set(key, [...(cases.get(key) ?? []), option]);
  }
  const values = [...cases].map(([value, names]) => `        ${names.join('|')}) value='${value}' ;;`);
  const words = [...choices, ...options.map((option) => option.name)].join(' ');
  return [`    ${name})`, `      words='${words}'`, '      case $prev in', ...values, '      esac ;;'].join('\n');
}
