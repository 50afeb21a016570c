/** The completion scripts. Each hands the words to `skillctl __complete` and shows what it answers. */

export type Shell = "bash" | "zsh" | "fish";

/**
 * bash breaks words at `:`, `=` and `@`, which references contain. So the words are taken from the line itself, their quotes off, and each
 * offer loses the part that bash counts as an earlier word; in quotes it counts none. What is offered as a file bash quotes itself.
 */
const BASH = `# bash completion for skillctl
_skillctl() {
  local line=\${COMP_LINE:0:COMP_POINT} words=() word="" quote="" begun="" at char current behind answer directive
  for ((at = 0; at < \${#line}; at++)); do
    char=\${line:at:1}
    if [[ $char == "$quote" ]]; then quote=""
    elif [[ $char == "\\\\" && $quote != "'" ]]; then ((++at)); word+=\${line:at:1}
    elif [[ $quote == "" && $char == [\\"\\'] ]]; then quote=$char
    elif [[ $quote == "" && $char == [[:space:]] ]]; then
      [[ $begun == "" ]] || words+=("$word")
      word="" begun=""
      continue
    else word+=$char
    fi
    begun=1
  done
  words+=("$word")
  current=$word
  mapfile -t answer < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
  ((\${#answer[@]})) || return
  directive=\${answer[\${#answer[@]}-1]}
  unset "answer[\${#answer[@]}-1]"
  COMPREPLY=("\${answer[@]%%$'\\t'*}")
  case $directive in
    :file) mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames ;;
    :directory) mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames ;;
  esac
  behind=""
  [[ $quote != "" ]] || behind=\${current%"\${current##*[:=@]}"}
  COMPREPLY=("\${COMPREPLY[@]#"$behind"}")
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == "" ]] && COMPREPLY=()
}
complete -F _skillctl skillctl
`;

const ZSH = `#compdef skillctl
_skillctl() {
  local -a answer offers
  local directive line
  answer=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  directive=\${answer[-1]}
  for line in "\${(@)answer[1,-2]}"; do
    offers+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  case $directive in
    :file) _files ;;
    :directory) _files -/ ;;
    *) _describe -V skillctl offers ;;
  esac
}
compdef _skillctl skillctl
`;

const FISH = `# fish completion for skillctl
function __skillctl_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l answer ($words[1] __complete -- $words[2..-1] 2>/dev/null)
  set -l current (commandline -ct)
  switch "$answer[-1]"
    case :file
      __fish_complete_path $current
    case :directory
      __fish_complete_directories $current
    case '*'
      test (count $answer) -gt 1; and printf '%s\\n' $answer[1..-2]
  end
end
complete -c skillctl -f -a '(__skillctl_complete)'
`;

export const COMPLETION_SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
