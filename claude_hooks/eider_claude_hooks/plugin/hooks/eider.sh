#!/bin/sh
# Finds the Python that has Eider, hands it the hook's input, and is silent when there is none: the turn goes on.

# Where the account's own settings have the hooks, they answer already: two would tell everything twice.
grep -qs 'eider_claude_hooks/hook\.py' "${CLAUDE_CONFIG_DIR:-$HOME/.claude}/settings.json" && exit 0

home=${EIDER_HOME:-}
if [ -z "$home" ]; then
  case $(uname -s) in
    Darwin) home="$HOME/Library/Application Support/eider" ;;
    *) home="${XDG_DATA_HOME:-$HOME/.local/share}/eider" ;;
  esac
fi

# What `eider install` noted, or this script before: the interpreter, and the hook.
noted="${CLAUDE_PLUGIN_DATA:-/nowhere}/eider.python"
for known in "$home/install/claude-code.python" "$noted"; do
  [ -r "$known" ] || continue
  python= hook=
  { IFS= read -r python && IFS= read -r hook; } <"$known"
  if [ -x "$python" ] && [ -f "$hook" ]; then
    exec "$python" -I -S "$hook"
  fi
done

# The interpreter that the program `eider` names in its first line; a long path stands in the second.
program=$(command -v eider) || exit 0
{ IFS= read -r first && IFS= read -r second; } <"$program" || exit 0
case $first in
  '#!/bin/sh'*)
    python=${second#*exec\' }
    case $python in
      \"*) python=${python#?}; python=${python%%\"*} ;;
      \'*) python=${python#?}; python=${python%%\'*} ;;
      *) python=${python%% *} ;;
    esac ;;
  '#!'*) python=${first#??} ;;
  *) exit 0 ;;
esac
[ -x "$python" ] || exit 0

# Within the package the hook lies beside the plugin; a copy of the plugin asks Python where it is.
hook="${CLAUDE_PLUGIN_ROOT:-/nowhere}/../hook.py"
if [ -f "$hook" ] && [ -f "${CLAUDE_PLUGIN_ROOT:-/nowhere}/../hook_handler.py" ]; then
  exec "$python" -I -S "$hook"
fi
hook=$("$python" -I -c 'import eider_claude_hooks as p; print(p.__path__[0] + "/hook.py")' 2>/dev/null) || exit 0
[ -f "$hook" ] || exit 0
if [ -d "${CLAUDE_PLUGIN_DATA:-/nowhere}" ]; then
  (umask 077 && printf '%s\n%s\n' "$python" "$hook" >"$noted.$$" && mv -f "$noted.$$" "$noted") 2>/dev/null
fi
exec "$python" -I -S "$hook"
