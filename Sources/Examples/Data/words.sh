#!/usr/bin/env bash
# words.sh FOLDER: training data for LanguageOfWord, words.tsv and held.tsv (word TAB language), from Debian's word lists:
#   apt-get install wamerican wngerman wfrench wspanish witalian wdutch wpolish wswedish
# Up to 40,000 lower-case words of 4 to 20 letters for each language, drawn in an order that a hash of the word decides;
# 1,000 of each are held out. A word of two languages is in both.
set -euo pipefail
export LC_ALL=C.UTF-8
folder=${1:?"a folder is missing"}
: > "$folder/words.tsv"
: > "$folder/held.tsv"
for pair in de:ngerman en:american-english es:spanish fr:french it:italian nl:dutch pl:polish sv:swedish; do
  language=${pair%%:*}
  list=/usr/share/dict/${pair#*:}
  [ -r "$list" ] || { echo "error: $list is missing: install Debian's word lists" >&2; exit 1; }
  # awk's generator, started from a fixed seed, gives every word of the sorted list its place.
  grep -E '^[[:lower:]]{4,20}$' "$list" | LC_ALL=C sort -u |
    LC_ALL=C awk 'BEGIN { srand(1) } { printf "%.9f\t%s\n", rand(), $0 }' | LC_ALL=C sort -n | cut -f 2 | head -n 40000 > "$folder/$language.list" || true
  head -n 1000 "$folder/$language.list" | sed "s/\$/\t$language/" >> "$folder/held.tsv"
  tail -n +1001 "$folder/$language.list" | sed "s/\$/\t$language/" >> "$folder/words.tsv"
  rm "$folder/$language.list"
done
wc -l "$folder/words.tsv" "$folder/held.tsv"
