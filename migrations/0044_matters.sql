-- Words are read by their act; nobody asks for all words of a matter.
DROP INDEX act_words_matter;
