#!/usr/bin/env bash
# bible.sh FOLDER: training data for char-lm and tagger out of the King James Bible (public domain), Debian's bible-kjv-text:
#   apt-get install bible-kjv-text
# book.txt: a verse a line. train.conll, dev.conll: restoring capitals and full stops, a lower-case word without its
# punctuation and its label a line: a, A or AA for lower case, a capital, all capitals; with a full stop where one follows.
# Sequences are 60 words long wherever sentences begin and end; every twentieth chapter is dev.
set -euo pipefail
export LC_ALL=C
folder=${1:?"a folder is missing"}
command -v bible > /dev/null || { echo "error: install Debian's bible-kjv-text" >&2; exit 1; }
bible -l1000000 Gen1:1-Rev22:21 < /dev/null > "$folder/verses.txt"
# Verses look like `  1 In the beginning …`; all else are headings.
sed -nE 's/^ *[0-9]+ (.*)$/\1/p' "$folder/verses.txt" > "$folder/book.txt"
awk -v folder="$folder" '
  /^ *[0-9]+ / {
    if ($1 == 1) { flush(); chapter++ }
    for (field = 2; field <= NF; field++) {
      word = $field
      stop = word ~ /[.?!][^A-Za-z]*$/ ? "." : ""
      gsub(/[^A-Za-z\047-]/, "", word)
      if (word == "") continue
      shape = "a"
      if (word ~ /^[A-Z]/) shape = (word ~ /^[A-Z][A-Z]/) ? "AA" : "A"
      lines[count++] = tolower(word) "\t" shape stop
      if (count == 60) flush()
    }
  }
  function flush(  i, file) {
    if (count == 0) return
    file = folder (chapter % 20 == 0 ? "/dev.conll" : "/train.conll")
    for (i = 0; i < count; i++) print lines[i] > file
    print "" > file
    count = 0
  }
  END { flush() }' "$folder/verses.txt"
rm "$folder/verses.txt"
wc "$folder/book.txt" "$folder/train.conll" "$folder/dev.conll"
