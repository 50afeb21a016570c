/** The completion scripts. Each hands the words to `skillctl __complete` and shows what it answers. */

export type Shell = "bash" | "zsh" | "fish";

/**
 * bash breaks words at `:`, `=` and `@`, which references contain. So the words are taken from the line itself, their quotes off, and each
 * offer loses what stands before the word as bash counts it: it begins behind such a sign, and in quotes behind the quote. What is
 * offered as a file bash quotes itself.
 *
 * `compgen` takes quotes off as well, and expands a directory that is not there then, commands in a subscript included: it gets no name
 * that was quoted, as each is that holds anything to expand.
 */
const BASH = `# bash completion for skillctl
_skillctl() {
  local line=\${COMP_LINE:0:COMP_POINT} words=() word="" quote="" begun="" quoted="" home="" behind="" outside="" at char answer directive
  for ((at = 0; at < \${#line}; at++)); do
    char=\${line:at:1}
    [[ $begun != "" || \${line:at:2} != "~/" ]] || home=$HOME
    if [[ $quote != "" && $char == "$quote" ]]; then quote="" behind=$outside
    elif [[ $char == "\\\\" && ($quote == "" || ($quote == '"' && \${line:at+1:1} == [\\"\\\\\\$\\\`])) ]]; then
      ((++at))
      word+=\${line:at:1} quoted=1
    elif [[ $quote == "" && $char == [\\"\\'] ]]; then quote=$char quoted=1 outside=$behind behind=$word
    elif [[ $quote == "" && $char == [[:space:]] ]]; then
      [[ $begun == "" ]] || words+=("$word")
      word="" begun="" quoted="" home="" behind=""
      continue
    else
      word+=$char
      [[ $quote != "" || $char != [:=@] ]] || behind=$word
    fi
    begun=1
  done
  words+=("$word")
  mapfile -t answer < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
  ((\${#answer[@]})) || return
  directive=\${answer[\${#answer[@]}-1]}
  unset "answer[\${#answer[@]}-1]"
  COMPREPLY=("\${answer[@]%%$'\\t'*}")
  case $directive in
    :file) _skillctl_paths -f ;;
    :directory) _skillctl_paths -d ;;
  esac
  COMPREPLY=("\${COMPREPLY[@]#"$behind"}")
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == "" ]] && COMPREPLY=()
}
_skillctl_paths() {
  compopt -o filenames
  if [[ $quoted == "" ]]; then mapfile -t COMPREPLY < <(compgen "$1" -- "$word")
  else mapfile -d "" -t COMPREPLY < <(
    set +f
    shopt -s nullglob dotglob
    [[ $home == "" ]] || word=$home\${word#"~"}
    if [[ $1 == -d ]]; then found=("$word"*/); else found=("$word"*); fi
    found=("\${found[@]%/}")
    [[ $home == "" ]] || found=("\${found[@]/#"$home"/"~"}")
    printf '%s\\0' "\${found[@]}"
  )
  fi
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
