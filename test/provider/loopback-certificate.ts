/** A self-signed certificate for 127.0.0.1 and localhost, valid for 100 years: for tests only. */
export const certificate: string = `-----BEGIN CERTIFICATE-----
MIIBojCCAUegAwIBAgIUIVT2UFJYfCDXaraFeNy/RA0ef14wCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMYmVhcmVyZC10ZXN0MCAXDTI2MTEyMTIwMzg0M1oYDzIxMjYx
MDI4MjAzODQzWjAXMRUwEwYDVQQDDAxiZWFyZXJkLXRlc3QwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAAQafDrUR8TOw/XvhAyJOEEjzsUUqMEOBm6y9gJInafhm0+U
aoeyBahRYZ3x09IA/sSe2Nx0B2NxXtaPniOh+jCuo28wbTAdBgNVHQ4EFgQUHgYb
sVrpeXNYpFHzqtOpXNKrDYMwHwYDVR0jBBgwFoAUHgYbsVrpeXNYpFHzqtOpXNKr
DYMwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3Qw
CgYIKoZIzj0EAwIDSQAwRgIhALGRMQXD/2u+GEmNsMCW1BpQvxNBYBQR2+6MId9l
t50lAiEAhwgI2hh/h8iRdItZHB+a1Mw7wpeOBED3JdZL0QdjVTE=
-----END CERTIFICATE-----
`;

/** Its private key, which protects nothing. */
export const privateKey: string = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8uCSe4xxO5qNteRN
B/lEXixIxqdjwJt2m9B5gjseIfuhRANCAAQafDrUR8TOw/XvhAyJOEEjzsUUqMEO
Bm6y9gJInafhm0+UaoeyBahRYZ3x09IA/sSe2Nx0B2NxXtaPniOh+jCu
-----END PRIVATE KEY-----
`;
