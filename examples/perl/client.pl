#!/usr/bin/perl
#  client: a client in Perl, written from doc/protocol.md. Debian: libzmq-ffi-perl libdata-messagepack-perl
#  Usage: client.pl ENDPOINT
#  SPDX-License-Identifier: MPL-2.0
use strict;
use warnings;
use Data::MessagePack;
use ZMQ::FFI qw(ZMQ_DEALER ZMQ_RCVTIMEO);

my @statuses = qw(OK NOTFOUND EXISTS MISMATCH WRONGTYPE OVERFLOW);
my $packer = Data::MessagePack->new->prefer_integer(0);
my $context = ZMQ::FFI->new;
my ($last_id, %sockets) = (0);

sub slot {
    my ($key) = @_;
    $key = $1 if $key =~ /^[^{]*\{([^}]+)\}/s;
    my $crc = 0;
    for my $byte (unpack 'C*', $key) {
        $crc ^= $byte << 8;
        $crc = ($crc & 0x8000 ? ($crc << 1) ^ 0x1021 : $crc << 1) & 0xffff for 1 .. 8;
    }
    return $crc % 16384;
}

#  Sends requests [op, map, key, value, options] in one body; their replies, in order.
sub exchange {
    my ($endpoint, @requests) = @_;
    my $socket = $sockets{$endpoint} //= do {
        my $new = $context->socket(ZMQ_DEALER);
        $new->set_linger(0);
        $new->set(ZMQ_RCVTIMEO, 'int', 5000);
        $new->connect($endpoint);
        $new;
    };
    my ($body, %wanted, %replies) = ("ZG\x01");
    my @ids = map { ++$last_id } @requests;
    for my $at (0 .. $#requests) {
        $wanted{ $ids[$at] } = 1;
        $body .= $packer->pack([0 + $ids[$at], @{ $requests[$at] }]);
    }
    $socket->send($body);
    while (keys %replies < @ids) {
        my ($reply) = $socket->recv_multipart;    # Dies if there is none in time
        die "not this protocol\n" if substr($reply, 0, 3) ne "ZG\x01";
        my $unpacker = Data::MessagePack::Unpacker->new;
        for (my $at = 3; $at < length $reply; $unpacker->reset) {
            $at = $unpacker->execute($reply, $at);
            my $record = $unpacker->data;
            $replies{ $record->[0] } = $record if $wanted{ $record->[0] };
        }
    }
    return map { $replies{$_} } @ids;
}

my $public = shift // 'tcp://127.0.0.1:3320';
my ($routes) = map { $_->[2] } exchange($public, ['ROUTES']);
my @owners = unpack 'n*', $routes->{owners};

#  The endpoint that serves a key without a detour.
sub owner {
    my $index = $owners[int(slot($_[0]) * $routes->{partitions} / 16384)];
    return $index == 0xffff ? $public : $routes->{endpoints}[$index];
}

for my $request (['PUT', 'perl', 'camel', 'one hump'], ['GET', 'perl', 'camel'], ['GET', 'perl', 'llama'],
    ['PUT', 'perl', 'camel', 'two', { nx => Data::MessagePack::true() }], ['INCR', 'perl', '{camel}s', 2]) {
    my ($reply) = exchange(owner($request->[2]), $request);
    printf "%s %s: %s%s\n", @$request[0, 2], $statuses[$reply->[1]], defined $reply->[2] ? " $reply->[2]" : '';
}
print "slots @{[map { slot($_) } '123456789', '{user1000}.following', 'foo{}{bar}', '']}\n";
exchange($public, ['DESTROY', 'perl']);
