package text

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
)

// FileLimit is the size of the largest file that a setting may name, unless it holds certificates.
const FileLimit = 1 << 20

const fileTimeout = 2 * time.Second

// FileError says why a file that a setting names cannot be read. It shows nothing that may be a secret.
type FileError struct {
	// Path is what may be shown of the path, and Flaw what is wrong with it, if the file does not exist.
	Path, Flaw string
	Err        error
}

func (e *FileError) Error() string {
	if e.Flaw != "" {
		return fmt.Sprintf("the path %s %s: %s", e.Path, e.Flaw, e.Err)
	}
	return e.Path + ": " + e.Err.Error()
}

func (e *FileError) Unwrap() error { return e.Err }

// ReadFile reads a regular file of at most limit bytes, without a byte order mark. It never waits: a pipe or a device is an error. All
// its errors are of the type *FileError.
func ReadFile(path string, limit int64) ([]byte, error) {
	content, err := readRegular(path, limit)
	if err == nil {
		content, err = withoutMark(content)
	}
	if err == nil {
		return content, nil
	}
	failure := &FileError{Path: File(path), Err: err}
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		failure.Flaw, failure.Err = Flaw(path), failed.Err
	}
	return nil, failure
}

func readRegular(path string, limit int64) ([]byte, error) {
	// A device may act when it is opened, so look first; a pipe may take the place of the file in between, so do not wait for its writer.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := checkRegular(info); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // the path is the user's
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	if info, err = file.Stat(); err != nil {
		return nil, err
	}
	if err := checkRegular(info); err != nil {
		return nil, err
	}
	return readContent(file, limit, time.Now().Add(fileTimeout))
}

// readContent reads until the deadline: some files of /proc are regular, and wait for data.
func readContent(file *os.File, limit int64, deadline time.Time) ([]byte, error) {
	// This fails for files that never wait.
	_ = file.SetReadDeadline(deadline)
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(content)) > limit {
		return nil, fmt.Errorf("the file has more than %d MiB", limit>>20)
	}
	return content, err
}

func checkRegular(info fs.FileInfo) error {
	kind := "no regular file"
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		kind = "a directory"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	}
	return errors.New("it is " + kind + ", and only regular files are read")
}

// withoutMark drops a byte order mark of UTF-8, and refuses UTF-16, which has a zero byte for every letter of ASCII.
func withoutMark(content []byte) ([]byte, error) {
	start := content[:min(len(content), 2)]
	if bytes.Equal(start, []byte("\xff\xfe")) || bytes.Equal(start, []byte("\xfe\xff")) || bytes.IndexByte(start, 0) >= 0 {
		return nil, errors.New("the file is encoded in UTF-16, and has to be saved as UTF-8")
	}
	return bytes.TrimPrefix(content, []byte("\ufeff")), nil
}

// File returns a file's path for a message. It is shown only if it has the form of a path and nothing in it has that of a secret, since a
// token or the content of a file may have been given in its place.
func File(path string) string {
	const longest = 1024
	switch {
	case len(path) > longest || contentShape.MatchString(path):
		return "(not shown: the content of a file, it seems, not its path)"
	case tokenShape.MatchString(path) || slices.ContainsFunc(strings.FieldsFunc(path, isSeparator), isRandom):
		return "(not shown: a token, it seems, not a path)"
	case !pathShape.MatchString(strings.TrimRight(path, " \t\r\n")):
		return "(not shown: it does not have the form of a path)"
	}
	if Flaw(path) != "" {
		return Plain(strconv.Quote(path), 4*longest)
	}
	return Plain(path, longest)
}

// IsPath reports whether a text is an absolute path, or one from the home or current directory, and nothing else.
func IsPath(from string) bool { return absoluteShape.MatchString(from) && File(from) == from }

var (
	absoluteShape = regexp.MustCompile(`^(?:~?/|\.\.?/|[A-Za-z]:\\)`)
	// contentShape matches JSON and PEM.
	contentShape = regexp.MustCompile(`[{\[,]\s*"|"\s*:|-{5}BEGIN|^\s*[{\[]\s*[}\]]`)
	// tokenShape matches a JSON Web Token, also a part of one, and runs that are longer than words and ids.
	tokenShape = regexp.MustCompile(`eyJ[\w-]{8}|[A-Za-z0-9+=]{40}|(?i)^\s*bearer\b`)
	// pathShape matches a path that is absolute or begins with ~, a dot or a variable, and a relative one that ends in an extension.
	pathShape = regexp.MustCompile(`^(?:[/\\~.]|[A-Za-z]:[/\\]|\$|\{\{|%\w+%|(?:[\w. -]{1,32}[/\\])*[\w -]{1,32}\.[A-Za-z]{2,5}$)`)
	digits    = regexp.MustCompile(`\d+`)
)

func isSeparator(r rune) bool { return strings.ContainsRune(`/\. `, r) }

// isRandom reports whether a part of a path looks like a token: it is long, and has capitals, small letters and digits in more than one
// place, where a word has a number only at its end.
func isRandom(part string) bool {
	return len(part) >= 20 && strings.ContainsFunc(part, unicode.IsUpper) && strings.ContainsFunc(part, unicode.IsLower) &&
		len(digits.FindAllString(part, 2)) == 2
}
