# The newcomer's book and the reference of the language, as docs.sh runs documents.
set -eu
DOCS=$(ls "$SRC/docs/guide.md" "$SRC/docs/language.md")
. "$SRC/tests/docs/docs.sh"
