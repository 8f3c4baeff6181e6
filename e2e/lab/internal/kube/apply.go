package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// FieldManager owns the fields that the lab applies.
const FieldManager = "linnet-lab"

// Apply creates or changes the objects, in their order, by server-side apply.
// It takes over fields of other managers.
func (c *Client) Apply(ctx context.Context, objects ...Object) error {
	for _, object := range objects {
		path, err := c.path(ctx, object)
		if err != nil {
			return fmt.Errorf("apply %s: %w", object, err)
		}
		body, err := json.Marshal(object)
		if err != nil {
			return fmt.Errorf("encode %s: %w", object, err)
		}
		query := url.Values{"fieldManager": {FieldManager}, "force": {"true"}}
		err = c.do(ctx, http.MethodPatch, path+"?"+query.Encode(), "application/apply-patch+yaml", body, nil)
		if err != nil {
			return fmt.Errorf("apply %s: %w", object, err)
		}
	}
	return nil
}

// resources remembers which path each kind is served at.
type resources struct {
	mu    sync.Mutex
	known map[string]resource // by apiVersion and kind
}

type resource struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Namespaced bool   `json:"namespaced"`
}

// path returns where the object lives, asking the API server once per group and version.
func (c *Client) path(ctx context.Context, object Object) (string, error) {
	root := "/apis/" + object.APIVersion()
	if !strings.Contains(object.APIVersion(), "/") {
		root = "/api/" + object.APIVersion()
	}
	found, err := c.resource(ctx, root, object.Kind())
	if err != nil {
		return "", err
	}
	path := root
	if found.Namespaced {
		namespace := object.Namespace()
		if namespace == "" {
			namespace = "default"
		}
		path += "/namespaces/" + namespace
	}
	return path + "/" + found.Name + "/" + object.Name(), nil
}

func (c *Client) resource(ctx context.Context, root, kind string) (resource, error) {
	c.resources.mu.Lock()
	defer c.resources.mu.Unlock()
	if found, ok := c.resources.known[root+" "+kind]; ok {
		return found, nil
	}
	var list struct {
		Resources []resource `json:"resources"`
	}
	if err := c.Get(ctx, root, &list); err != nil {
		return resource{}, fmt.Errorf("find resource of kind %s: %w", kind, err)
	}
	if c.resources.known == nil {
		c.resources.known = map[string]resource{}
	}
	for _, item := range list.Resources {
		if !strings.Contains(item.Name, "/") { // subresources carry the kind as well
			c.resources.known[root+" "+item.Kind] = item
		}
	}
	found, ok := c.resources.known[root+" "+kind]
	if !ok {
		return resource{}, fmt.Errorf("find resource of kind %s: %s does not serve it", kind, root)
	}
	return found, nil
}
