#!/bin/sh
# Starts Eider beside the agent: start COMMAND … Standard input and output are the agent's; what Eider says goes to the log,
# and whatever is wrong with it, the agent starts.
export EIDER_HOME="${EIDER_HOME:-/home/node/.eider}"

wired() {
  umask 077
  mkdir -p "$EIDER_HOME" && touch "$EIDER_HOME/.writable" && rm "$EIDER_HOME/.writable" || return 1
  eider config set user group && eider config set layers "$HOME/eider-global.eider" || return 1
  eider install --target claude-code --no-wizard --yes
}

if wired </dev/null >&2; then
  exec eider serve -- "$@"
fi
echo "eider: the agent goes on without memory; see what is said above" >&2
exec "$@"
