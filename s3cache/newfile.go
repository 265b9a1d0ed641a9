package s3cache

import (
	"os"
	"path/filepath"
)

// NewLocalFile makes a file that is there already a LocalFile, for a test, to be given to
// cachetest.Fixed. It stays the test's own: nothing removes it. It panics if there is no
// file at path.
func NewLocalFile(path string) *LocalFile {
	f, err := localFile(path)
	if err != nil {
		panic("lambdacache: s3cache.NewLocalFile: " + err.Error())
	}
	return f
}

func localFile(path string) (*LocalFile, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	return &LocalFile{folder: &folder{path: filepath.Dir(path), root: root}, name: filepath.Base(path), key: path, info: info}, nil
}
