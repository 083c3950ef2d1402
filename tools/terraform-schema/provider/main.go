// A provider that knows what another provider accepts, and does nothing: with it Terraform can check and test a whole
// deployment (terraform validate, terraform test with mock_provider) where the real provider cannot be had. The schema
// comes from ../schema.json, found through TAPLINE_PROVIDER_SCHEMA; which provider it stands for is in its file name,
// terraform-provider-NAME. It can create nothing: whoever applies with it gets an error.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type attribute struct {
	Type                         json.RawMessage
	Required, Optional, Computed bool
}

type blockType struct {
	NestingMode string `json:"nesting_mode"`
	MinItems    int64  `json:"min_items"`
	MaxItems    int64  `json:"max_items"`
	Block       block
}

type block struct {
	Attributes map[string]attribute
	BlockTypes map[string]blockType `json:"block_types"`
}

type schemas struct {
	Resources   map[string]struct{ Block block } `json:"resource_schemas"`
	DataSources map[string]struct{ Block block } `json:"data_source_schemas"`
}

func (b block) proto() (*tfprotov6.SchemaBlock, error) {
	out := &tfprotov6.SchemaBlock{}
	for name, a := range b.Attributes {
		kind, err := tftypes.ParseJSONType(a.Type)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out.Attributes = append(out.Attributes, &tfprotov6.SchemaAttribute{
			Name: name, Type: kind, Required: a.Required, Optional: a.Optional, Computed: a.Computed,
		})
	}
	for name, nested := range b.BlockTypes {
		inner, err := nested.Block.proto()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		mode := tfprotov6.SchemaNestedBlockNestingModeList
		if nested.NestingMode == "set" {
			mode = tfprotov6.SchemaNestedBlockNestingModeSet
		}
		out.BlockTypes = append(out.BlockTypes, &tfprotov6.SchemaNestedBlock{
			TypeName: name, Block: inner, Nesting: mode, MinItems: nested.MinItems, MaxItems: nested.MaxItems,
		})
	}
	return out, nil
}

func text(name string) *tfprotov6.SchemaAttribute {
	return &tfprotov6.SchemaAttribute{Name: name, Type: tftypes.String, Optional: true}
}

// Embeds the interface: what is not answered below is never asked of a mocked provider.
type server struct {
	tfprotov6.ProviderServer
	known schemas
}

func protoSchemas(from map[string]struct{ Block block }) (map[string]*tfprotov6.Schema, error) {
	out := map[string]*tfprotov6.Schema{}
	for name, one := range from {
		inner, err := one.Block.proto()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = &tfprotov6.Schema{Block: inner}
	}
	return out, nil
}

func (s server) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	resources, err := protoSchemas(s.known.Resources)
	if err != nil {
		return nil, err
	}
	sources, err := protoSchemas(s.known.DataSources)
	if err != nil {
		return nil, err
	}
	own := &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{text("project"), text("region"), text("zone")}}
	return &tfprotov6.GetProviderSchemaResponse{
		Provider:          &tfprotov6.Schema{Block: own},
		ResourceSchemas:   resources,
		DataSourceSchemas: sources,
	}, nil
}

func (s server) GetMetadata(context.Context, *tfprotov6.GetMetadataRequest) (*tfprotov6.GetMetadataResponse, error) {
	out := &tfprotov6.GetMetadataResponse{}
	for name := range s.known.Resources {
		out.Resources = append(out.Resources, tfprotov6.ResourceMetadata{TypeName: name})
	}
	for name := range s.known.DataSources {
		out.DataSources = append(out.DataSources, tfprotov6.DataSourceMetadata{TypeName: name})
	}
	return out, nil
}

func (server) ValidateProviderConfig(_ context.Context, r *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{PreparedConfig: r.Config}, nil
}

func (server) ValidateResourceConfig(context.Context, *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

func (server) ValidateDataResourceConfig(context.Context, *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return &tfprotov6.ValidateDataResourceConfigResponse{}, nil
}

func (server) ConfigureProvider(context.Context, *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	return nil, errors.New("this provider only knows the schema of the real one: it is for terraform validate and terraform test")
}

func (server) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

func main() {
	name := strings.SplitN(strings.TrimPrefix(filepath.Base(os.Args[0]), "terraform-provider-"), "_", 2)[0]
	raw, err := os.ReadFile(os.Getenv("TAPLINE_PROVIDER_SCHEMA"))
	if err != nil {
		fail(err)
	}
	known := map[string]schemas{}
	if err := json.Unmarshal(raw, &known); err != nil {
		fail(err)
	}
	address := "registry.terraform.io/hashicorp/" + name
	err = tf6server.Serve(address, func() tfprotov6.ProviderServer { return server{known: known[name]} })
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
