package command

import (
	"fmt"
	"strings"
)

// split returns the words of a line, one list for each program of a pipeline, quoted as a POSIX shell reads them.
// Everything else that a shell would act on is an error that names it.
func split(line string) ([][]string, error) {
	s := splitter{rest: strings.TrimSpace(strings.ReplaceAll(line, "\\\n", " "))}
	for s.rest != "" {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	s.endProgram()
	return s.pipeline, nil
}

type splitter struct {
	rest     string
	word     strings.Builder
	open     bool // a word has begun, perhaps an empty one in quotes
	words    []string
	pipeline [][]string
}

// step takes the next character, or the next quoted text.
func (s *splitter) step() error {
	c := s.rest[0]
	switch {
	case c == ' ' || c == '\t':
		s.endWord()
	case c == '\'':
		return s.quoted('\'')
	case c == '"':
		return s.quoted('"')
	case c == '\\' && len(s.rest) > 1:
		s.add(s.rest[1:2])
		s.rest = s.rest[1:]
	case c == '|' && !strings.HasPrefix(s.rest, "||"):
		s.endProgram()
	case strings.IndexByte("|&;<>()$`\n", c) >= 0:
		return fmt.Errorf("it has %q outside of quotes, which only a shell can act on", string(c))
	default:
		s.add(s.rest[:1])
	}
	s.rest = s.rest[1:]
	return nil
}

// quoted takes the text up to the closing quote.
func (s *splitter) quoted(quote byte) error {
	s.open = true
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == quote:
			s.rest = s.rest[i+1:]
			return nil
		case quote == '"' && c == '\\' && i+1 < len(s.rest) && strings.IndexByte("\\\"$`", s.rest[i+1]) >= 0:
			i++
			s.word.WriteByte(s.rest[i])
		case quote == '"' && (c == '$' || c == '`'):
			return fmt.Errorf("it has %q in double quotes, which only a shell can act on", string(c))
		default:
			s.word.WriteByte(c)
		}
	}
	return fmt.Errorf("a %c is not closed", quote)
}

func (s *splitter) add(text string) {
	s.open = true
	s.word.WriteString(text)
}

func (s *splitter) endWord() {
	if s.open {
		s.words = append(s.words, s.word.String())
	}
	s.word.Reset()
	s.open = false
}

func (s *splitter) endProgram() {
	s.endWord()
	s.pipeline = append(s.pipeline, s.words)
	s.words = nil
}
