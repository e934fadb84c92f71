// Package mesoshttp is the client side of the Mesos v1 HTTP APIs: the scheduler's subscription and calls, the
// operator's list of agents, and the files of an agent.
//
// Types and codecs are mesos-go's. Its HTTP client is not used, for it takes any failed call for the loss of the
// subscription, sends calls after a redirect to the wrong master, has no answer to a master that falls silent, and
// crashes on some record lengths. Messages are protobuf throughout, because mesos-go's JSON decoder fails on enum
// values that are newer than itself, and current masters send one in their first event.
//
//	client, err := mesoshttp.New(mesoshttp.Config{Masters: "zk://z1:2181,z2:2181/mesos", Logger: logger})
//	stream, err := client.Subscribe(ctx, call)      // finds the leading master
//	event, err := stream.Next()                     // until an error: then subscribe again, after Backoff.Next
//	err = stream.Call(ctx, accept)                  // to the master of this subscription, never to another
//
// One subscription is one Stream. It ends by an error of Next and by nothing else: a failed Call is only reported.
// When errors.Is(err, ErrNotSubscribed), the caller should close the stream and subscribe again.
package mesoshttp
