package master

import (
	"errors"
	"fmt"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// timing is what checks and health checks share.
type timing struct {
	name  string
	value *float64
}

func timingFault(all []timing) error {
	for _, t := range all {
		if t.value != nil && !(*t.value >= 0) {
			return fmt.Errorf("Expecting '%s' to be non-negative", t.name)
		}
	}
	return nil
}

func checkFault(check *mesos.CheckInfo) error {
	if check == nil {
		return nil
	}
	missing := func(member string) error {
		return fmt.Errorf("Expecting '%s' to be set for %s check", member, check.Type)
	}
	switch check.Type {
	case mesos.CheckInfo_UNKNOWN:
		return errors.New("CheckInfo must specify 'type'")
	case mesos.CheckInfo_COMMAND:
		if check.Command == nil {
			return missing("command")
		}
		if err := commandFault(&check.Command.Command); err != nil {
			return fmt.Errorf("Check's `CommandInfo` is invalid: %w", err)
		}
	case mesos.CheckInfo_HTTP:
		if check.HTTP == nil {
			return missing("http")
		}
		if err := httpPathFault("HTTP check", check.HTTP.Path); err != nil {
			return err
		}
	case mesos.CheckInfo_TCP:
		if check.TCP == nil {
			return missing("tcp")
		}
	}
	return timingFault([]timing{
		{"delay_seconds", check.DelaySeconds}, {"interval_seconds", check.IntervalSeconds},
		{"timeout_seconds", check.TimeoutSeconds},
	})
}

func healthCheckFault(check *mesos.HealthCheck) error {
	if check == nil {
		return nil
	}
	missing := func(member string) error {
		return fmt.Errorf("Expecting '%s' to be set for %s health check", member, check.Type)
	}
	switch check.Type {
	case mesos.HealthCheck_UNKNOWN:
		return errors.New("HealthCheck must specify 'type'")
	case mesos.HealthCheck_COMMAND:
		if check.Command == nil {
			return missing("command")
		}
		if err := commandFault(check.Command); err != nil {
			return fmt.Errorf("Health check's `CommandInfo` is invalid: %w", err)
		}
	case mesos.HealthCheck_HTTP:
		if check.HTTP == nil {
			return missing("http")
		}
		if err := healthHTTPFault(check.HTTP); err != nil {
			return err
		}
	case mesos.HealthCheck_TCP:
		if check.TCP == nil {
			return missing("tcp")
		}
	}
	return timingFault([]timing{
		{"delay_seconds", check.DelaySeconds}, {"grace_period_seconds", check.GracePeriodSeconds},
		{"interval_seconds", check.IntervalSeconds}, {"timeout_seconds", check.TimeoutSeconds},
	})
}

func healthHTTPFault(http *mesos.HealthCheck_HTTPCheckInfo) error {
	if s := http.GetScheme(); http.Scheme != nil && s != "http" && s != "https" {
		return fmt.Errorf("Unsupported HTTP health check scheme: '%s'", s)
	}
	return httpPathFault("HTTP health check", http.Path)
}

func httpPathFault(what string, path *string) error {
	if path != nil && !strings.HasPrefix(*path, "/") {
		return fmt.Errorf("The path '%s' of %s must start with '/'", *path, what)
	}
	return nil
}

// commandFault checks the environment of a command.
func commandFault(command *mesos.CommandInfo) error {
	for _, v := range command.GetEnvironment().GetVariables() {
		switch {
		case v.GetType() == mesos.Environment_Variable_SECRET && v.Secret == nil:
			return fmt.Errorf("Environment variable '%s' of type 'SECRET' must have a secret set", v.Name)
		case v.GetType() == mesos.Environment_Variable_SECRET && v.Value != nil:
			return fmt.Errorf("Environment variable '%s' of type 'SECRET' must not have a value set", v.Name)
		case v.GetType() == mesos.Environment_Variable_VALUE && v.Value == nil:
			return fmt.Errorf("Environment variable '%s' of type 'VALUE' must have a value set", v.Name)
		case v.GetType() == mesos.Environment_Variable_VALUE && v.Secret != nil:
			return fmt.Errorf("Environment variable '%s' of type 'VALUE' must not have a secret set", v.Name)
		}
	}
	return nil
}

// containerFault checks the union and the volumes of a container.
func containerFault(container *mesos.ContainerInfo) error {
	if container == nil {
		return nil
	}
	switch {
	case container.GetType() == mesos.ContainerInfo_DOCKER && container.Docker == nil:
		return errors.New("DockerInfo 'docker' is not set for DOCKER typed ContainerInfo")
	case container.GetType() == mesos.ContainerInfo_DOCKER && container.Mesos != nil:
		return errors.New("MesosInfo 'mesos' is set for DOCKER typed ContainerInfo")
	case container.GetType() == mesos.ContainerInfo_MESOS && container.Docker != nil:
		return errors.New("DockerInfo 'docker' is set for MESOS typed ContainerInfo")
	}
	for i := range container.Volumes {
		if err := volumeFault(&container.Volumes[i]); err != nil {
			return fmt.Errorf("Invalid volume: %w", err)
		}
	}
	return nil
}

func volumeFault(volume *mesos.Volume) error {
	sources := 0
	for _, set := range []bool{volume.HostPath != nil, volume.Image != nil, volume.Source != nil} {
		if set {
			sources++
		}
	}
	if sources != 1 {
		return errors.New("Only one of them should be set: 'host_path', 'image' and 'source'")
	}
	if volume.Source == nil {
		return nil
	}
	for _, kind := range []struct {
		is     mesos.Volume_Source_Type
		member string
		set    bool
	}{
		{mesos.Volume_Source_DOCKER_VOLUME, "docker_volume", volume.Source.DockerVolume != nil},
		{mesos.Volume_Source_HOST_PATH, "host_path", volume.Source.HostPath != nil},
		{mesos.Volume_Source_SANDBOX_PATH, "sandbox_path", volume.Source.SandboxPath != nil},
		{mesos.Volume_Source_SECRET, "secret", volume.Source.Secret != nil},
	} {
		if volume.Source.Type == kind.is {
			if !kind.set {
				return fmt.Errorf("'source.%s' is not set for %s volume", kind.member, kind.is)
			}
			return nil
		}
	}
	return errors.New("'source.type' is unknown")
}
