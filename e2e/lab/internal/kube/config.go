// Package kube talks to a lab's API server with little more than net/http: server-side apply,
// reads and deletes are all that bringing up a lab needs.
package kube

import (
	"encoding/base64"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"
)

// Config is a kubeconfig with one cluster and one user.
type Config struct {
	Server, User  string
	CA, Cert, Key []byte
}

type kubeconfig struct {
	APIVersion     string         `json:"apiVersion"`
	Kind           string         `json:"kind"`
	CurrentContext string         `json:"current-context"`
	Clusters       []namedCluster `json:"clusters"`
	Users          []namedUser    `json:"users"`
	Contexts       []namedContext `json:"contexts"`
}

type namedCluster struct {
	Name    string `json:"name"`
	Cluster struct {
		Server string `json:"server"`
		CA     string `json:"certificate-authority-data"`
	} `json:"cluster"`
}

type namedUser struct {
	Name string `json:"name"`
	User struct {
		Cert string `json:"client-certificate-data"`
		Key  string `json:"client-key-data"`
	} `json:"user"`
}

type namedContext struct {
	Name    string `json:"name"`
	Context struct {
		Cluster string `json:"cluster"`
		User    string `json:"user"`
	} `json:"context"`
}

const contextName = "linnet-lab"

// Write writes the kubeconfig to a file that only its owner can read.
func (c Config) Write(path string) error {
	cluster := namedCluster{Name: contextName}
	cluster.Cluster.Server = c.Server
	cluster.Cluster.CA = base64.StdEncoding.EncodeToString(c.CA)
	user := namedUser{Name: c.User}
	user.User.Cert = base64.StdEncoding.EncodeToString(c.Cert)
	user.User.Key = base64.StdEncoding.EncodeToString(c.Key)
	current := namedContext{Name: contextName}
	current.Context.Cluster, current.Context.User = contextName, c.User
	data, err := yaml.Marshal(kubeconfig{
		APIVersion: "v1", Kind: "Config", CurrentContext: contextName,
		Clusters: []namedCluster{cluster}, Users: []namedUser{user}, Contexts: []namedContext{current},
	})
	if err != nil {
		return fmt.Errorf("encode kubeconfig: %w", err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	return nil
}

// ReadConfig reads a kubeconfig that Write wrote.
func ReadConfig(path string) (Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read kubeconfig: %w", err)
	}
	var file kubeconfig
	if err := yaml.Unmarshal(data, &file); err != nil {
		return Config{}, fmt.Errorf("parse kubeconfig %s: %w", path, err)
	}
	if len(file.Clusters) != 1 || len(file.Users) != 1 {
		return Config{}, fmt.Errorf("parse kubeconfig %s: want one cluster and one user", path)
	}
	config := Config{Server: file.Clusters[0].Cluster.Server, User: file.Users[0].Name}
	for _, field := range []struct {
		from string
		to   *[]byte
	}{
		{file.Clusters[0].Cluster.CA, &config.CA},
		{file.Users[0].User.Cert, &config.Cert},
		{file.Users[0].User.Key, &config.Key},
	} {
		if *field.to, err = base64.StdEncoding.DecodeString(field.from); err != nil {
			return Config{}, fmt.Errorf("parse kubeconfig %s: %w", path, err)
		}
	}
	return config, nil
}
